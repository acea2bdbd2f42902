# A starting point, written and not built by us (docs/guide/install.md). No secret goes into the image: keys and passwords come as files.
FROM node:24-bookworm-slim AS packages
WORKDIR /opt/latchkey
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev --ignore-scripts --no-audit --no-fund

FROM node:24-bookworm-slim
ENV NODE_ENV=production
RUN groupadd --system --gid 10001 latchkey \
 && useradd --system --uid 10001 --gid latchkey --home-dir /var/lib/latchkey --shell /usr/sbin/nologin latchkey \
 && install -d -o latchkey -g latchkey -m 0700 /var/lib/latchkey /etc/latchkey
WORKDIR /opt/latchkey
COPY --from=packages /opt/latchkey/node_modules node_modules
COPY package.json config.schema.json ./
COPY bin bin
COPY locales locales
COPY src src
# .tsx files are transformed when first loaded and kept: do it now, so that the installation may be read-only afterwards.
RUN node --import ./bin/jsx.mjs src/main.ts config-schema > /dev/null \
 && node --import ./bin/jsx.mjs -e "await Promise.all(['signin','reset','security-info','help'].map(room => import('/opt/latchkey/src/' + room + '/routes.ts')))"
USER latchkey
VOLUME ["/var/lib/latchkey", "/etc/latchkey"]
EXPOSE 8080
# The server ends kindly on SIGTERM within 20 seconds.
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s --start-period=10s CMD ["node", "--import", "./bin/jsx.mjs", "src/main.ts", "ready"]
ENTRYPOINT ["node", "--import", "./bin/jsx.mjs", "src/main.ts"]
CMD ["serve"]
