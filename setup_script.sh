#!/usr/bin/env bash
# Builds usage_app, creates its database, loads the sample customers and usage, and serves on
# http://localhost:8000. Running it again is harmless: nothing is loaded twice.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

if ! command -v cargo >/dev/null; then
    echo "cargo is missing: install Rust from https://rustup.rs, open a new terminal, run this again." >&2
    exit 1
fi
if ! command -v cc >/dev/null; then
    echo "A C compiler is missing (Debian and Ubuntu: apt-get install build-essential; macOS: xcode-select --install)." >&2
    exit 1
fi

# Where the data is; set USAGE_APP_DATABASE to have it somewhere else.
export USAGE_APP_DATABASE="${USAGE_APP_DATABASE:-usage-data}"
app="${CARGO_TARGET_DIR:-target}/release/usage_app"

echo "1/4 Building usage_app (some minutes the first time) ..."
cargo build --release --package usage_app

echo "2/4 Creating the database in $USAGE_APP_DATABASE ..."
"$app" migrate

echo "3/4 Loading sample customers and usage, dated in the current month ..."
"$app" loaddata customer_data.json usage_data.json --into-current-month

echo "4/4 Serving on http://localhost:8000; stop with Ctrl-C ..."
exec "$app" serve --listen localhost:8000
