#!/bin/sh
# curl: a person's loop. Asks where to go on, and sends the rest with -T.
endpoint=$1 token=$2 path=$3 state=$4
size=$(stat -c %s "$path")
ask() { curl -sS --max-time 60 -H "Authorization: Bearer $token" -H "Tus-Resumable: 1.0.0" "$@"; }
for _ in $(seq 100); do
    if [ ! -s "$state" ]; then
        ask -f -X POST -H "Upload-Length: $size" -D "$state.head" -o /dev/null "$endpoint" || { sleep 0.2; continue; }
        sed -n 's/^[Ll]ocation: *//p' "$state.head" | tr -d '\r\n' > "$state.new"
        mv "$state.new" "$state"
    fi
    url=$(cat "$state")
    offset=$(ask -f -I "$url" | sed -n 's/^[Uu]pload-[Oo]ffset: *//p' | tr -d '\r')
    [ -n "$offset" ] || { sleep 0.2; continue; }
    [ "$offset" = "$size" ] && exit 0
    tail -c "+$((offset + 1))" "$path" |
        ask -f -X PATCH -H "Upload-Offset: $offset" -H "Content-Type: application/offset+octet-stream" \
            -H "Expect:" -T - -o /dev/null "$url" || sleep 0.2
done
exit 1
