# A starting point, written and not built by us (docs/guide/install.md). No secret goes into the image: keys and passwords come as files.
FROM node:24-bookworm-slim AS build
WORKDIR /opt/latchkey
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev --ignore-scripts --no-audit --no-fund
COPY bin bin
COPY locales locales
COPY src src
RUN node bin/build.mjs

FROM node:24-bookworm-slim
ENV NODE_ENV=production
RUN groupadd --system --gid 10001 latchkey \
 && useradd --system --uid 10001 --gid latchkey --home-dir /var/lib/latchkey --shell /usr/sbin/nologin latchkey \
 && install -d -o latchkey -g latchkey -m 0700 /var/lib/latchkey /etc/latchkey
WORKDIR /opt/latchkey
# The bundle has the sentences and everything else in it; of the packages it still asks for the native ones.
COPY --from=build /opt/latchkey/node_modules node_modules
COPY --from=build /opt/latchkey/dist dist
COPY package.json config.schema.json ./
COPY bin bin
USER latchkey
VOLUME ["/var/lib/latchkey", "/etc/latchkey"]
EXPOSE 8080
# The server ends kindly on SIGTERM within 20 seconds.
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s --start-period=10s CMD ["node", "bin/latchkey.mjs", "ready"]
ENTRYPOINT ["node", "bin/latchkey.mjs"]
CMD ["serve"]
