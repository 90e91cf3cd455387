#!/bin/sh
# Train -> inspect -> gate -> promote -> serve. Each line runs only if the one before it ended well: a model that the
# gate rejects is never promoted, and what is deployed stays deployed.
#
#   NAME=intent TRAIN=data/train.csv CLEAN=data/clean.csv examples/ci/release.sh
#
# SERVE=no stops after the promotion: a service that follows models:/NAME@champion takes the new version up by itself.
set -eu

: "${NAME:=intent}" "${TRAIN:=data/train.csv}" "${CLEAN:=data/clean.csv}" "${SERVE:=yes}"

roadworthy train "$TRAIN" --out build/model --register "$NAME"
roadworthy inspect "models:/$NAME@challenger" "$CLEAN" --train "$TRAIN" --gate --out build/report
roadworthy promote "$NAME" challenger
if [ "$SERVE" = yes ]; then
    exec roadworthy serve "models:/$NAME@champion"
fi
