#!/bin/sh
# Creates the application's role and database: neither superuser nor exempt from row security.
set -eu
password=$(cat "$HEARTH_PASSWORD_FILE")
psql -v ON_ERROR_STOP=1 -v password="$password" -U "$POSTGRES_USER" <<'SQL'
create role hearth login password :'password' nosuperuser nobypassrls;
create database hearth owner hearth;
SQL
