#!/bin/sh
# Train -> inspect -> gate -> promote -> serve. Each line runs only if the one before it ended well: a model that the
# gate rejects is never promoted, and what is deployed stays deployed.
#
#   NAME=intent TRAIN=data/train.csv CLEAN=data/clean.csv examples/ci/release.sh
#
# What is promoted is the version that this job has trained and inspected, by its number: the alias challenger moves with
# the training of any other job that runs meanwhile.
#
# SERVE=no stops after the promotion: a service that follows models:/NAME@champion takes the new version up by itself.
set -eu

: "${NAME:=intent}" "${TRAIN:=data/train.csv}" "${CLEAN:=data/clean.csv}" "${SERVE:=yes}"

mkdir -p build
roadworthy train "$TRAIN" --out build/model --register "$NAME" --json > build/trained.json
python3 -c "import json; print(json.load(open('build/trained.json'))['registered']['version'])" > build/version
roadworthy inspect "models:/$NAME/$(cat build/version)" "$CLEAN" --train "$TRAIN" --gate --out build/report
roadworthy promote "$NAME" "$(cat build/version)"
if [ "$SERVE" = yes ]; then
    exec roadworthy serve "models:/$NAME@champion"
fi
