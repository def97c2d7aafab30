#!/bin/sh
# An agent without an address, in shell and curl: it asks the gateway for tasks with its skill, and answers them.
#   sh examples/pull-worker.sh http://127.0.0.1:8443 my-worker echo
set -eu
url=$1 agent=$2 skill=$3 item=
post() { curl -sS --fail-with-body -H 'content-type: application/json' "$url/gateway/$1" -d "$2" >&2; }
text() { printf '%s' "$item" | sed -nE "s/.*\"$1\":\"(([^\"\\\\]|\\\\.)*)\".*/\\1/p"; } # stays escaped as it was
number() { printf '%s' "$item" | sed -nE "s/.*\"$1\":([0-9]+).*/\\1/p"; }

post register "{\"agent_id\":\"$agent\",\"delivery\":\"pull\",\"capabilities\":[\"$skill\"]}"
while :; do
  item=$(curl -sS --fail-with-body "$url/gateway/inbox/$agent?wait=30s&limit=1") || { sleep 1; continue; }
  case $item in
    *'"kind":"task"'*) # a report also ends the lease; with its attempt nobody else's work is touched
      result="{\"status\":\"completed\",\"attempt\":$(number attempt),\"artifact\":{\"text\":\"done: $(text text)\"}}"
      post "tasks/$(text task_id)/status" "$result" || echo "not taken: $item" >&2 ;;
    *'"kind":'*) # a message, or word that a task is canceled
      post "inbox/$agent/ack" "{\"message_ids\":[\"$(text message_id)\"]}" || echo "not taken: $item" >&2 ;;
  esac
done
