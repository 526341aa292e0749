# One static executable, on an image with nothing else, run by a user without rights.
#
#   docker build -t usage_app .
#   docker run -p 127.0.0.1:8000:8000 -v usage-data:/data usage_app
#
# deploy/ has it with PostgreSQL and several nodes; docs/scale.md explains both.

FROM rust:1.90-alpine AS build
# A C compiler, for SQLite, the allocator and ciphers.
RUN apk add --no-cache build-base
WORKDIR /src
COPY . .
RUN cargo build --release --locked --package usage_app && mkdir /data

FROM gcr.io/distroless/static-debian12:nonroot
COPY --from=build /src/target/release/usage_app /usr/local/bin/usage_app
# A new volume gets the owner of the folder that it covers.
COPY --from=build --chown=nonroot:nonroot /data /data
ENV USAGE_APP_DATABASE=/data/usage
USER nonroot:nonroot
VOLUME /data
EXPOSE 8000
ENTRYPOINT ["/usr/local/bin/usage_app"]
# Within a container every address is another machine's. Publish the port on 127.0.0.1, or behind something that
# asks who it is: the service itself does not.
CMD ["serve", "--listen", "0.0.0.0:8000", "--insecure"]
