#!/bin/sh
# What `make test-ui` needs: Chromium, of Debian's packages.
set -eu
command -v chromium >/dev/null || {
	apt-get update -qq
	apt-get install -qq -y --no-install-recommends chromium
}
