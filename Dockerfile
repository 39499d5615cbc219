# Images of Celeriac. Needs this repository and Debian's packages, nothing else; the classic builder is enough.
#
#   docker build -t celeriac .                        core and all standard modules (math falls under GPL-3+)
#   docker build -t celeriac:slim --target slim .     core and the module basics
#   docker build -t redis --target redis .            Redis from Debian, for those without a registry; so --target prometheus
#
# Stages stand in the order of what they need: the classic builder runs all that stand before its target.
ARG DEBIAN=debian:trixie-slim

# ---- Debian with its security pocket, which not every image of it names ----
FROM ${DEBIAN} AS debian
ARG MIRROR=http://deb.debian.org
RUN . /etc/os-release \
 && rm -rf /etc/apt/sources.list /etc/apt/sources.list.d/* \
 && printf 'deb %s\n' \
      "$MIRROR/debian $VERSION_CODENAME main" \
      "$MIRROR/debian $VERSION_CODENAME-updates main" \
      "$MIRROR/debian-security $VERSION_CODENAME-security main" >/etc/apt/sources.list \
 && apt-get update -qq \
 && DEBIAN_FRONTEND=noninteractive apt-get upgrade -y -qq \
 && rm -rf /var/lib/apt/lists/* /var/cache/apt/* /var/log/apt /var/log/dpkg.log

# ---- Redis from Debian ----
FROM debian AS redis
RUN apt-get update -qq \
 && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends redis-server \
 && rm -rf /var/lib/apt/lists/* /var/cache/apt/* /var/log/apt /var/log/dpkg.log \
 && install -d -o redis -g redis /data
USER redis
WORKDIR /data
VOLUME /data
EXPOSE 6379
CMD ["redis-server"]

# ---- Prometheus from Debian ----
FROM debian AS prometheus
RUN apt-get update -qq \
 && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends prometheus \
 && rm -rf /var/lib/apt/lists/* /var/cache/apt/* /var/log/apt /var/log/dpkg.log \
 && install -d -o prometheus -g prometheus /prometheus
USER prometheus
WORKDIR /prometheus
VOLUME /prometheus
EXPOSE 9090
ENTRYPOINT ["prometheus"]

# ---- the build ----
FROM debian AS toolchain
WORKDIR /source
COPY packages.txt ./
COPY tools/setup tools/
RUN tools/setup core deb && rm -rf /var/lib/apt/lists/*

FROM toolchain AS build
COPY . .
RUN cmake -S . -B /build -G Ninja -DCMAKE_BUILD_TYPE=Release -DBUILD_TESTING=OFF \
      -DCMAKE_INSTALL_PREFIX=/usr/local -DCMAKE_INSTALL_LIBDIR=lib >/dev/null \
 && cmake --build /build -- --quiet \
 && DESTDIR=/out cmake --install /build >/dev/null \
 && find /out/usr/local/bin /out/usr/local/lib -type f \( -name celeriac -o -name '*.so*' \) -exec strip --strip-debug {} +  # names of functions stay, for dumps
# The packages that hold the libraries which the program, and all modules, are linked with; linalg loads its own.
RUN owners() { ldd "$@" | awk '$3 ~ "^/" { print $3 }' | sort -u | xargs readlink -f | xargs dpkg -S | cut -d: -f1 | sort -u; } \
 && cd /out/usr/local && owners bin/celeriac lib/celeriac/modules/basics.so >/out/slim.packages \
 && owners bin/celeriac lib/celeriac/modules/*.so >/out/runtime.packages \
 && if [ -e lib/celeriac/modules/linalg.so ]; then \
      printf '%s\n' liblapacke libopenblas0-pthread >>/out/runtime.packages; \
    fi

# ---- the images ----
FROM debian AS slim
ARG VERSION=0.1.0
LABEL org.opencontainers.image.title="celeriac" \
      org.opencontainers.image.description="Celeriac, a task queue in C: worker and command line" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.licenses="MIT"
COPY --from=build /out/slim.packages /usr/share/doc/celeriac/
RUN apt-get update -qq \
 && DEBIAN_FRONTEND=noninteractive xargs apt-get install -y -qq --no-install-recommends </usr/share/doc/celeriac/slim.packages \
 && rm -rf /var/lib/apt/lists/* /var/cache/apt/* /var/log/apt /var/log/dpkg.log \
 && useradd --system --uid 10001 --user-group --home-dir /var/lib/celeriac --create-home celeriac
COPY --from=build /out/usr/local/bin/celeriac /usr/local/bin/
COPY --from=build /out/usr/local/lib/celeriac/modules/basics.so /usr/local/lib/celeriac/modules/
COPY LICENSE /usr/share/doc/celeriac/
USER celeriac
WORKDIR /var/lib/celeriac
STOPSIGNAL SIGTERM
# The worker's master is process 1: it reaps whatever is left to it, so nothing stands in front of it.
ENTRYPOINT ["celeriac"]
CMD ["worker"]
HEALTHCHECK --interval=10s --timeout=5s --start-period=10s --retries=3 CMD ["celeriac", "worker", "--check"]

FROM slim AS runtime
LABEL org.opencontainers.image.licenses="MIT AND GPL-3.0-or-later"
USER root
COPY --from=build /out/runtime.packages /usr/share/doc/celeriac/
RUN apt-get update -qq \
 && DEBIAN_FRONTEND=noninteractive xargs apt-get install -y -qq --no-install-recommends </usr/share/doc/celeriac/runtime.packages \
 && rm -rf /var/lib/apt/lists/* /var/cache/apt/* /var/log/apt /var/log/dpkg.log
COPY --from=build /out/usr/local/lib/celeriac/modules/ /usr/local/lib/celeriac/modules/
USER celeriac
