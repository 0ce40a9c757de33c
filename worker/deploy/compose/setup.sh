#!/bin/sh
# Makes the namespace and the search attributes. Safe to run again. A server's port answers before its namespaces are
# usable, and a new namespace takes some seconds to be known everywhere, so every step is retried.
set -eu

namespace=${TEMPORAL_NAMESPACE:?set TEMPORAL_NAMESPACE}
retention=${TEMPORAL_RETENTION:?set TEMPORAL_RETENTION}

# retry runs a command until it works, for at most a minute. A program that is not there (126, 127) never comes.
retry() {
  tries=0
  until "$@"; do
    status=$?
    tries=$((tries + 1))
    if [ "$tries" -ge 30 ] || [ "$status" -ge 126 ]; then
      echo "gave up after $tries tries: $*" >&2
      exit 1
    fi
    sleep 2
  done
}

make_namespace() {
  temporal operator namespace describe --namespace "$namespace" >/dev/null 2>&1 ||
    temporal operator namespace create --namespace "$namespace" --retention "$retention"
}

# One name a command: of several names the CLI registers only the first. The worker looks at the types again when it
# starts, because a create with another type than the one that is there is answered with yes.
make_attribute() {
  temporal operator search-attribute create --namespace "$namespace" --name "$1" --type "$2"
}

retry make_namespace
retry make_attribute SafepointServerId Int
retry make_attribute SafepointPhase Keyword
retry make_attribute SafepointOutcome Keyword
echo "Namespace $namespace is ready; closed runs and their reports are kept for $retention."
