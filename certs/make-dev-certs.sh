#!/bin/sh
# Makes a development CA, a server certificate, a bot certificate and a revocation list under certs/dev.
# Options as in `npm run certs -- --help`, e.g. certs/make-dev-certs.sh --bot another-bot --namespace staging
set -eu
cd "$(dirname "$0")/.."
exec ./run certs "$@"
