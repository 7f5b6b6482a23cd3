# The server and ffmpeg in one image: docker build --tag localcamera .
# How to run it: docs/guide/install.md.

FROM rust:1.95-bookworm AS build
WORKDIR /build
COPY . .
RUN cargo build --release --locked --package localcamera --bin localcamera \
    && mkdir /licences \
    && scripts/licences >/licences/third-party-licences.txt \
    && cp LICENSE-MIT LICENSE-APACHE /licences/

# The same Debian as above, whose glibc the program is linked with; the tests run on it, too.
FROM debian:bookworm-slim

# ffmpeg: attached cameras and pictures. tzdata: days end at midnight of TZ. curl: the health check. tini: what hooks
# leave running has somebody who looks after its end.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends ca-certificates curl ffmpeg tini tzdata \
    && rm -rf /var/lib/apt/lists/*

# Numbers, so that folders of the host can be given to them.
RUN groupadd --gid 10001 localcamera \
    && useradd --uid 10001 --gid 10001 --home-dir /data --no-create-home --shell /usr/sbin/nologin localcamera \
    && install --directory --owner=10001 --group=10001 --mode=750 \
        /data /data/recordings /data/state /data/certs

COPY --from=build /build/target/release/localcamera /usr/local/bin/localcamera
COPY --from=build /licences /usr/share/doc/localcamera

USER 10001:10001
# Recordings, state and certificates are kept here; so is localcamera.toml, if there is one.
WORKDIR /data
VOLUME ["/data/recordings", "/data/state", "/data/certs"]
ENV NO_COLOR=1

# Pages, API and WSS; raw publishers; viewers by WebRTC.
EXPOSE 5001/tcp 8766/tcp 5002/udp

# The certificate is for the addresses that devices use; this never leaves the container.
HEALTHCHECK --interval=30s --timeout=10s --start-period=20s --retries=3 \
    CMD curl --fail --silent --show-error --insecure --max-time 8 \
        "https://127.0.0.1:${LOCALCAMERA_HTTPS_PORT:-5001}/health"

STOPSIGNAL SIGTERM
ENTRYPOINT ["tini", "--", "localcamera"]
