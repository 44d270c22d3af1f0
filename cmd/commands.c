typedef int commands_unused;
