"""The manifest: what was built, typed; the only bridge from build to run."""
