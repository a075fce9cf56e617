#!/bin/bash
# Asks a web server for a page and prints, as JSON, whether it answered, and whether with the page of the httpd image.
set -u
answer=$(curl --silent --write-out '\n%{http_code}' --max-time 10 "$1")
status=${answer##*$'\n'}
page=${answer%$'\n'*}
same=false
if [ "${page%$'\n'}" = "$(</usr/local/share/smoke/index.html)" ]; then same=true; fi
jq --null-input --compact-output --arg url "$1" --arg status "$status" --argjson same "$same" \
  '{url: $url, status: $status, ok: ($status == "200"), same: $same}'
[ "$status" = 200 ]
