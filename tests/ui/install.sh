#!/bin/sh
# What `make test-ui` needs: Chromium and npm, of Debian's packages, and by npm what is locked in package-lock.json.
set -eu
for program in chromium npm; do
	command -v $program >/dev/null || {
		apt-get update -qq
		apt-get install -qq -y --no-install-recommends $program
	}
done
npm ci --prefix tests/ui --no-audit --no-fund --loglevel error
