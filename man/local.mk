# man pages
dist_man_MANS += \
	man/coracle-attach.1 \
	man/coracle-completion.1 \
	man/coracle-container-exists.1 \
	man/coracle-container-inspect.1 \
	man/coracle-create.1 \
	man/coracle-exec.1 \
	man/coracle-history.1 \
	man/coracle-image-exists.1 \
	man/coracle-image-inspect.1 \
	man/coracle-images.1 \
	man/coracle-info.1 \
	man/coracle-inspect.1 \
	man/coracle-kill.1 \
	man/coracle-login.1 \
	man/coracle-logout.1 \
	man/coracle-logs.1 \
	man/coracle-ps.1 \
	man/coracle-pull.1 \
	man/coracle-rm.1 \
	man/coracle-rmi.1 \
	man/coracle-run.1 \
	man/coracle-start.1 \
	man/coracle-stop.1 \
	man/coracle-tag.1 \
	man/coracle-untag.1 \
	man/coracle-version.1 \
	man/coracle-volume-create.1 \
	man/coracle-volume-exists.1 \
	man/coracle-volume-inspect.1 \
	man/coracle-volume-ls.1 \
	man/coracle-volume-prune.1 \
	man/coracle-volume-rm.1 \
	man/coracle-wait.1 \
	man/coracle.1 \
	man/coracle.conf.5
