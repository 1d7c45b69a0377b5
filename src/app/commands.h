/* commands.h: the commands of `serval` besides serve. Each takes the arguments behind its name and
 * returns the exit code: 0, 1 for what is wrong, 2 for wrong usage. */
#ifndef SERVAL_APP_COMMANDS_H
#define SERVAL_APP_COMMANDS_H

int sv_cmd_check(int argc, char *const *argv);
int sv_cmd_models(int argc, char *const *argv);
int sv_cmd_new(int argc, char *const *argv);
int sv_cmd_openapi(int argc, char *const *argv);
int sv_cmd_version(int argc, char *const *argv);

#endif
