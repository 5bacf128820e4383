#!/bin/sh
# inside.sh COMMAND: runs it in the folder tree of the tests, whose Vulkan driver is new enough for WebGPU and computes
# on the processor. The tree shows this project, its test data, its Python and temporary files at their own paths.
set -eu
tree=$(cd "$(dirname "$0")/../.." && pwd)/.hosts/gimp
[ -e "$tree/usr/share/vulkan/icd.d/lvp_icd.json" ] || {
  echo "error: no Vulkan driver in $tree: run tests/real_hosts/install.sh" >&2
  exit 1
}
export VK_DRIVER_FILES=/usr/share/vulkan/icd.d/lvp_icd.json ORT_WEBGPU_EP_ALLOW_SOFTWARE_ADAPTER=1
export INSIDE_TREE="$tree" INSIDE_FOLDER="$PWD"
python=$("$1" -c 'import os, sys; print(os.path.realpath(sys.base_prefix))')
export INSIDE_PYTHON="$python"
data=${GANFX_SHARED:-$PWD/../shared/data}
INSIDE_DATA=$([ ! -d "$data" ] || (cd "$data" && pwd))
export INSIDE_DATA
# shellcheck disable=SC2016 # expanded by the inner shell
exec unshare --mount --propagation private sh -ec '
for folder in "$INSIDE_FOLDER" "$INSIDE_PYTHON" ${INSIDE_DATA:+"$INSIDE_DATA"} /tmp /proc /dev /sys; do
  mkdir -p "$INSIDE_TREE$folder"
  mount --rbind "$folder" "$INSIDE_TREE$folder"
done
exec chroot "$INSIDE_TREE" /bin/sh -ec "cd \"\$INSIDE_FOLDER\" && exec \"\$@\"" sh "$@"' sh "$@"
