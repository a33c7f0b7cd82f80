"""Speed against what binds physically; run by `make bench`, never by the tests."""
