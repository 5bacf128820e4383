#!/bin/sh
# What `make demo` runs: real photographs, the bundled network, one before/after picture.
set -eu
PYTHON=${PYTHON:-python3}
SAMPLES="astronaut.png coffee.png chelsea.png"
rm -rf demo
mkdir -p demo/photos

# scikit-image carries a few free photographs; only they are wanted, not what it depends on.
"$PYTHON" -m pip install --quiet --disable-pip-version-check --no-deps scikit-image
DATA=$("$PYTHON" -c "import importlib.util, pathlib; print(pathlib.Path(importlib.util.find_spec('skimage').origin).parent / 'data')")
for name in $SAMPLES; do cp "$DATA/$name" demo/photos/; done

"$PYTHON" -m ganfx upscale demo/photos -o demo/results
set --
for name in $SAMPLES; do set -- "$@" "demo/photos/$name" "demo/results/$name"; done
"$PYTHON" -m ganfx compare "$@" -o demo/before-after.png
echo "results: demo/results    before and after: demo/before-after.png"
