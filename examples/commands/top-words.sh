#!/bin/sh
# A task in shell: the N most frequent words of standard input (default 10), as a JSON array of [word, count].
set -eu

case ${1:-10} in
'' | *[!0-9]*)
    echo "usage: top-words [N]" >&2
    exit 64 # no other attempt is made
    ;;
esac

tr -cs '[:alpha:]' '\n' | tr '[:upper:]' '[:lower:]' | sed '/^$/d' | sort | uniq -c | sort -k1,1nr -k2 |
    awk -v most="${1:-10}" 'NR <= most { list = list (NR > 1 ? "," : "") "[\"" $2 "\"," $1 "]" } END { print "[" list "]" }'
