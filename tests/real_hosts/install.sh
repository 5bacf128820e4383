#!/bin/sh
# The programs that `make test-hosts` drives, on Debian: Krita as a package; GIMP 3, which is newer than the packages,
# as a folder tree under .hosts/gimp. What is there already is left alone.
set -eu
export DEBIAN_FRONTEND=noninteractive
cd "$(dirname "$0")/../.."

PACKAGES="krita python3-pyqt5 python3-pyqt5.sip python3-pyqt6 xvfb xauth openbox xdotool mmdebstrap"
GIMP="gimp,python3-gi,python3-gi-cairo,gir1.2-gimp-3.0,gir1.2-gtk-3.0,fonts-dejavu-core"
# A Vulkan driver that computes on the processor, new enough for WebGPU: for `make test-gpu`.
VULKAN="mesa-vulkan-drivers,libvulkan1"
DRIVER=usr/share/vulkan/icd.d/lvp_icd.json
SUITE=trixie
TREE=.hosts/gimp

twice() { "$@" || { sleep 10; "$@"; }; }
fail() {
  echo "error: $*" >&2
  exit 1
}

missing=""
for package in $PACKAGES; do
  dpkg-query --show --showformat '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing="$missing $package"
done
is_grown() { [ -x "$TREE/usr/bin/gimp-console-3.0" ] && [ -e "$TREE/$DRIVER" ]; }
if [ -z "$missing" ] && is_grown; then exit 0; fi
[ "$(id -u)" = 0 ] || fail "installing the programs under test needs root; missing:${missing:- GIMP 3 in $TREE}"

# Without the lists apt knows neither the packages nor its mirror; a source that fails need not be Debian's.
twice apt-get update -qq || true
if [ -n "$missing" ]; then
  # What a killed run left half installed would stop apt.
  dpkg --configure -a >/dev/null
  # shellcheck disable=SC2086 # a list of words
  twice apt-get install -y -qq --no-install-recommends $missing >/dev/null ||
    fail "apt could not install what is missing:$missing"
fi

grow_tree() {
  rm -rf --one-file-system "$TREE.part"
  mkdir -p "$TREE.part"
  mmdebstrap --quiet --mode=root --variant=apt --components=main \
    --keyring=/usr/share/keyrings/debian-archive-keyring.gpg \
    --aptopt='APT::Install-Recommends "false"' --aptopt='Acquire::Languages "none"' --dpkgopt=force-unsafe-io \
    --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/man/*' \
    --dpkgopt='path-exclude=/usr/share/locale/*' \
    --include="$GIMP,$VULKAN" "$SUITE" "$TREE.part" "$1"
}

if ! is_grown; then
  # The mirror that this machine itself uses for all but security updates and backports.
  mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Origin: Debian' 'Label: Debian' |
    head -n 1)
  [ -n "$mirror" ] || fail "apt knows no mirror of Debian to take GIMP 3 from"
  twice grow_tree "$mirror" || fail "GIMP 3 could not be unpacked from Debian's mirror"
  rm -rf --one-file-system "$TREE"
  mv "$TREE.part" "$TREE"
fi
