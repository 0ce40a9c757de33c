#!/bin/sh
# Creates and updates Temporal's two databases. Safe to run again: every step leaves what is there alone, and
# update-schema is also how a newer server version gets its schema. The password is in SQL_PASSWORD.
set -eu

sql() {
  database=$1
  shift
  temporal-sql-tool --plugin postgres12 --endpoint "$POSTGRES_SEEDS" --port "$DB_PORT" --user "$POSTGRES_USER" --database "$database" "$@"
}

for database in temporal temporal_visibility; do
  sql "$database" create
  sql "$database" setup-schema -v 0.0
done
sql temporal update-schema -d /etc/temporal/schema/postgresql/v12/temporal/versioned
sql temporal_visibility update-schema -d /etc/temporal/schema/postgresql/v12/visibility/versioned
echo "The schema is up to date."
