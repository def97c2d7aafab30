# The gateway, its command line and the example bots in one image. Built and checked without an engine by
# test/deploy/image.spec.ts, which runs these instructions in a sandbox.

FROM node:24-bookworm-slim AS build
WORKDIR /src
COPY package.json package-lock.json ./
RUN --mount=type=cache,target=/root/.npm npm ci --no-audit --no-fund
COPY nest-cli.json tsconfig.json tsconfig.build.json ./
COPY src ./src
RUN ["npm", "run", "build"]

FROM node:24-bookworm-slim
LABEL org.opencontainers.image.title="agent-gateway" \
      org.opencontainers.image.description="The gateway that owns the task, between orchestrators and agents" \
      org.opencontainers.image.licenses="Apache-2.0"
# Closed by default: without a secret or a JWKS URL the production profile does not start.
ENV NODE_ENV=production \
    GATEWAY_PROFILE=production \
    GATEWAY_HTTP_HOST=0.0.0.0 \
    GATEWAY_BOTS_HOST=0.0.0.0 \
    GATEWAY_STORAGE_URL=sqlite:/data/gateway.db
# The only folder that the gateway writes to, besides SQLite's own temporary files in /tmp.
RUN ["install", "-d", "-o", "1000", "-g", "1000", "-m", "0700", "/data"]
WORKDIR /app
COPY package.json package-lock.json ./
RUN --mount=type=cache,target=/root/.npm npm ci --omit=dev --no-audit --no-fund
COPY LICENSE ./
COPY config ./config
COPY examples ./examples
COPY --from=build /src/dist ./dist
# `node` of the base image, as a number: an orchestrator that asks for non-root users can see that it is one.
USER 1000:1000
VOLUME ["/data"]
EXPOSE 8443 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 CMD ["node", "dist/ops/health/probe.js"]
CMD ["node", "dist/main.js"]
