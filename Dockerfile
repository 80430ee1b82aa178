# Made by `make image`, which builds the static binary first: no registry is needed.
FROM scratch
COPY bin/reconciler /reconciler
USER 65532:65532
HEALTHCHECK --interval=30s --timeout=5s --start-period=10s CMD ["/reconciler", "healthcheck"]
ENTRYPOINT ["/reconciler"]
CMD ["run", "--state", "/state/state.yaml"]
