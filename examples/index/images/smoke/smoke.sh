#!/bin/bash
# Asks a web server for a page and prints, as JSON, whether it answered.
set -u
status=$(curl --silent --output /dev/null --write-out '%{http_code}' --max-time 10 "$1")
jq --null-input --compact-output --arg url "$1" --arg status "$status" '{url: $url, status: $status, ok: ($status == "200")}'
[ "$status" = 200 ]
