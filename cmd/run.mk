# run and create: from options to an OCI bundle
