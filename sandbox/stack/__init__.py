"""The local stack: PostgreSQL and Valkey from wheels, and all processes under one supervisor."""
