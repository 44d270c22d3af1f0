# setup_suite_root.bash - what the tests that root runs, too, share: no more than the program.

setup_suite() {
	IFS=$' \t\n' # bats 1.8 leaves a comma here where --filter-tags is given
	export CORACLE=$CORACLE_BUILD/coracle
	unset XDG_DATA_HOME XDG_CONFIG_HOME XDG_RUNTIME_DIR
}

teardown_suite() { :; }
