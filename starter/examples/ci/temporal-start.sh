#!/usr/bin/env bash
# Makes a change through a URL with nothing but the temporal CLI, and ends by the verdict: 0 is committed, and anything
# else is not. Give it the name of the deploy and a file with the input, such as snapshot-update-verify.json beside it.
set -euo pipefail

id="${1:?which deploy? Give its name, such as web-2.14.0}"
input="${2:?which input? Give a JSON file}"

# One id never runs twice. A deploy that is started again joins the run that goes on; one that has ended is not started.
if ! temporal workflow start --type SnapshotUpdateVerify --task-queue safepoint --workflow-id "$id" \
  --id-reuse-policy RejectDuplicate --id-conflict-policy UseExisting --input-file "$input"; then
  echo "$id was not started: where it exists, its verdict counts" >&2
fi

# Waits for the end. A run that was rolled back, or that changed nothing, has failed, and so does this command.
temporal workflow result --workflow-id "$id"
