# One image for every service: `docker run paylog services/intent/dist/main.js`. Debian, not Alpine: see README.

FROM node:24-bookworm-slim AS build
WORKDIR /app
COPY . .
RUN npm ci --no-audit --no-fund
RUN npm run build

FROM node:24-bookworm-slim AS packages
WORKDIR /app
COPY . .
# Optional packages are for development: a second Node, and native parts of build tools.
RUN npm ci --omit=dev --omit=optional --ignore-scripts --no-audit --no-fund

FROM node:24-bookworm-slim
ENV NODE_ENV=production KAFKAJS_NO_PARTITIONER_WARNING=1
WORKDIR /app
COPY --from=packages /app/node_modules ./node_modules
COPY --from=build /app/package.json ./
COPY --from=build /app/libs ./libs
COPY --from=build /app/services ./services
COPY --from=build /app/infra/local ./infra/local
# The volume that the init job fills starts with this folder's owner.
RUN mkdir /configuration /sandbox && chown node:node /configuration /sandbox
USER node
STOPSIGNAL SIGTERM
ENTRYPOINT ["node"]
