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

# Waits for the end. A run that was rolled back, or that failed before the change, has failed, and so does this command.
if ! end="$(temporal workflow result --workflow-id "$id" --output json)"; then
  printf '%s\n' "$end"
  echo "$id was not committed, or Temporal could not be asked: see above" >&2
  exit 1
fi
printf '%s\n' "$end"

# A run that only planned, or that skipped a busy server, has completed and changed nothing. So the report's outcome is
# read. No other field of it has that name, and a text cannot look like it: quotes inside of JSON's texts are escaped.
if ! grep -Eq '"outcome": *"committed"' <<<"$end"; then
  echo "$id changed nothing: its outcome is not committed" >&2
  exit 1
fi
