# man pages
dist_man_MANS += \
	man/coracle.1 \
	man/coracle-completion.1 \
	man/coracle.conf.5
