/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* inside MODE DIRECTORY: does things over and over, as told on standard input ("WHAT N"), and answers each time with
 * the nanoseconds of processor time that one took, of its own and the kernel's for it. For bench/inside, one in a
 * sandbox and others outside. DIRECTORY is one of its own, for a socket and what the compiler writes.
 *
 * MODE, of those outside: plain; filter: behind a system-call filter that lets everything through; landlock: in a
 * Landlock domain that forbids nothing but making block devices. They say what the kernel takes for having any at all.
 */
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define READ_FILE "/usr/lib/os-release" /* the same file inside and outside */
#define PAGES 1024                      /* of 4 KiB, at a time */
#define WIDTH 1280
#define HEIGHT 720

typedef struct {
  int listener;
  struct sockaddr_un address;
  uint32_t *picture; /* shared memory, as what is drawn without a graphics card is for a compositor */
} Things;

static _Noreturn void
die (const char *what)
{
  perror (what);
  exit (EXIT_FAILURE);
}

static void
ask_pid (Things *things)
{
  syscall (SYS_getpid); /* the C library may know */
}

static void
read_file (Things *things)
{
  char text[512];
  int fd = open (READ_FILE, O_RDONLY | O_CLOEXEC);

  if (fd < 0 || read (fd, text, sizeof text) <= 0)
    die (READ_FILE);
  close (fd);
}

static void
ask_status (Things *things)
{
  struct stat st;

  if (stat (READ_FILE, &st) < 0)
    die (READ_FILE);
}

static void
connect_once (Things *things)
{
  int fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), other;

  if (fd < 0 || connect (fd, (const struct sockaddr *) &things->address, sizeof things->address) < 0
      || (other = accept (things->listener, NULL, NULL)) < 0)
    die ("connect");
  close (other);
  close (fd);
}

static void
touch_pages (Things *things)
{
  char *memory = mmap (NULL, PAGES * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

  if (memory == MAP_FAILED || madvise (memory, PAGES * 4096, MADV_NOHUGEPAGE) < 0)
    die ("mmap");
  for (int i = 0; i < PAGES; i++)
    memory[i * 4096] = 1;
  munmap (memory, PAGES * 4096);
}

/* A picture over another, as a toolkit without a graphics card does for each frame. */
static void
draw (Things *things)
{
  for (uint32_t y = 0; y < HEIGHT; y++)
    for (uint32_t x = 0; x < WIDTH; x++) {
      uint32_t under = things->picture[y * WIDTH + x], over = (x * y) & 0xff00ff, alpha = (x + y) & 0xff;

      things->picture[y * WIDTH + x] = ((under & 0xff00ff) * (255 - alpha) + over * alpha) >> 8 & 0xff00ff;
    }
}

static void
compile (Things *things)
{
  const char *argv[] = { "cc", "-O2", "-x", "c", "-c", "-o", "inside.o", "-", NULL };
  static const char text[] =
      "#include <stdio.h>\n#include <stdlib.h>\n#include <string.h>\n#include <unistd.h>\n"
      "int main (int n, char **v)\n{ for (int i = 1; i < n; i++) puts (strdup (v[i])); return 0; }\n";
  int input[2], status;
  pid_t pid;

  if (pipe2 (input, O_CLOEXEC) < 0 || write (input[1], text, sizeof text - 1) != sizeof text - 1)
    die ("pipe");
  close (input[1]);
  pid = vfork ();
  if (pid == 0) {
    dup2 (input[0], STDIN_FILENO);
    execv ("/usr/bin/cc", (char **) argv);
    _exit (127);
  }
  close (input[0]);
  if (pid < 0 || waitpid (pid, &status, 0) != pid || status != 0)
    die ("/usr/bin/cc");
}

static double
nanoseconds (void)
{
  struct timespec own;
  struct rusage others;

  clock_gettime (CLOCK_PROCESS_CPUTIME_ID, &own);
  getrusage (RUSAGE_CHILDREN, &others);
  return (double) (own.tv_sec + others.ru_utime.tv_sec + others.ru_stime.tv_sec) * 1e9 + (double) own.tv_nsec
         + (double) (others.ru_utime.tv_usec + others.ru_stime.tv_usec) * 1e3;
}

static void
prepare (Things *things)
{
  int fd = memfd_create ("picture", MFD_CLOEXEC);

  things->address = (struct sockaddr_un){ .sun_family = AF_UNIX, .sun_path = "inside.sock" };
  things->listener = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (things->listener < 0
      || bind (things->listener, (const struct sockaddr *) &things->address, sizeof things->address) < 0
      || listen (things->listener, 4) < 0)
    die ("inside.sock");
  if (fd < 0 || ftruncate (fd, WIDTH * HEIGHT * 4) < 0)
    die ("memfd");
  things->picture = mmap (NULL, WIDTH * HEIGHT * 4, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (things->picture == MAP_FAILED)
    die ("mmap");
  close (fd);
}

static void
enter_filter (void)
{
  struct sock_filter all[] = { BPF_STMT (BPF_RET | BPF_K, SECCOMP_RET_ALLOW) };
  const struct sock_fprog program = { 1, all };

  if (prctl (PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || prctl (PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) < 0)
    die ("seccomp");
}

static void
enter_landlock (void)
{
  const uint64_t access = LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_READ_FILE
                          | LANDLOCK_ACCESS_FS_READ_DIR;
  const struct landlock_ruleset_attr rules = { .handled_access_fs = access };
  struct landlock_path_beneath_attr all = { .allowed_access = access };
  int fd = (int) syscall (SYS_landlock_create_ruleset, &rules, sizeof rules, 0);

  all.parent_fd = open ("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0 || all.parent_fd < 0 || syscall (SYS_landlock_add_rule, fd, LANDLOCK_RULE_PATH_BENEATH, &all, 0) < 0
      || prctl (PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || syscall (SYS_landlock_restrict_self, fd, 0) < 0)
    die ("landlock");
  close (all.parent_fd);
  close (fd);
}

int
main (int argc, char **argv)
{
  static const struct {
    const char *name;
    void (*once) (Things *things);
    double parts; /* what one is divided by */
  } rows[] = {
    { "getpid", ask_pid, 1 },       { "open-read-close", read_file, 1 }, { "stat", ask_status, 1 },
    { "connect", connect_once, 1 }, { "fault", touch_pages, PAGES },     { "draw", draw, 1 },
    { "compile", compile, 1 },
  };
  Things things;
  char what[32];
  long n;

  if (argc != 3 || chdir (argv[2]) < 0) {
    fprintf (stderr, "usage: inside plain|filter|landlock DIRECTORY\n");
    return EXIT_FAILURE;
  }
  prepare (&things);
  if (strcmp (argv[1], "filter") == 0)
    enter_filter ();
  if (strcmp (argv[1], "landlock") == 0)
    enter_landlock ();
  while (scanf ("%31s %ld", what, &n) == 2)
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
      if (strcmp (rows[i].name, what) == 0) {
        double before = nanoseconds ();

        for (long k = 0; k < n; k++)
          rows[i].once (&things);
        printf ("%.2f\n", (nanoseconds () - before) / (double) n / rows[i].parts);
        fflush (stdout);
      }
  unlink ("inside.sock");
  return EXIT_SUCCESS;
}
