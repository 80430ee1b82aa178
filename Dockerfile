# Made by `make image`, which builds the static binary first: no registry is needed.
FROM scratch
COPY bin/reconciler /reconciler
# Nobody's on the host. The engine's socket wants its group besides:
# --group-add "$(stat -c %g /var/run/docker.sock)".
USER 65532:65532
# Mounted as a folder: editors replace the file, and what must be remembered is
# kept beside it.
WORKDIR /state
HEALTHCHECK --interval=30s --timeout=5s --start-period=10s CMD ["/reconciler", "healthcheck"]
ENTRYPOINT ["/reconciler"]
CMD ["run", "--state", "/state/state.yaml"]
