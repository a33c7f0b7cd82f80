#!/bin/sh
# A container's health check that mends: what is found silent is asked to end (TERM), so that its
# chunk is finished and `restart` starts it anew. Compose itself restarts only what has ended.
#
# 69 is "unavailable" (sysexits.h): the part does not answer. Any other failure says that nobody
# could be asked, with database or broker away, and a restart mends neither.
"$@"
code=$?
[ "$code" -eq 69 ] && kill -s TERM "${PART:-1}"
exit "$code"
