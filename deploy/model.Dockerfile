# One model in an image of its own: what was inspected is what is served, and going back is going to the tag before.
# `docker build -f deploy/model.Dockerfile -t roadworthy-model:7 FOLDER`, FOLDER being what `roadworthy train` wrote.
ARG IMAGE=roadworthy
FROM ${IMAGE}
COPY --chown=10001:10001 . /model
