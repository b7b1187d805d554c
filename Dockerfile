FROM rust:1.95-bookworm AS build
WORKDIR /src
COPY . .
RUN cargo build --profile dist --locked -p cli
FROM debian:bookworm-slim
# Webhooks and single sign-on trust the system's authorities.
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates && rm -rf /var/lib/apt/lists/*
RUN useradd --system --uid 999 --home /var/lib/hearth --create-home hearth
COPY --from=build /src/target/dist/hearth /usr/local/bin/hearth
USER hearth
WORKDIR /var/lib/hearth
ENTRYPOINT ["hearth"]
