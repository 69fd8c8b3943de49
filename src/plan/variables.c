/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "plan/variables.h"

#include <string.h>

#include "common/path.h"

/* clang-format off */
#define PLAIN(name) { name, SBX_VARIABLE_PLAIN }
#define PATHS(name) { name, SBX_VARIABLE_PATHS }
#define WINDOWS(name) { name, SBX_VARIABLE_WINDOWS }
#define TOKEN(name) { name, SBX_VARIABLE_TOKEN }

static const SbxVariable always[] = {
  PLAIN ("LANG"), PLAIN ("LANGUAGE"), PLAIN ("LC_ALL"), PLAIN ("LC_ADDRESS"), PLAIN ("LC_COLLATE"), PLAIN ("LC_CTYPE"),
  PLAIN ("LC_IDENTIFICATION"), PLAIN ("LC_MEASUREMENT"), PLAIN ("LC_MESSAGES"), PLAIN ("LC_MONETARY"),
  PLAIN ("LC_NAME"), PLAIN ("LC_NUMERIC"), PLAIN ("LC_PAPER"), PLAIN ("LC_TELEPHONE"), PLAIN ("LC_TIME"),
  PLAIN ("TZ"), PLAIN ("TERM"), PLAIN ("COLORTERM"), PLAIN ("NO_COLOR"),
  PLAIN ("COLORFGBG"), PLAIN ("CLICOLOR"), PLAIN ("CLICOLOR_FORCE"), PLAIN ("FORCE_COLOR"),
  PATHS ("TZDIR"), PATHS ("TERMINFO"), PATHS ("TERMINFO_DIRS"), PATHS ("XDG_DATA_DIRS"), PATHS ("XDG_CONFIG_DIRS"),
};

static const SbxVariable with_windows[] = {
  PLAIN ("XDG_SESSION_TYPE"), PLAIN ("XDG_CURRENT_DESKTOP"), PLAIN ("DESKTOP_SESSION"), PLAIN ("XDG_SESSION_DESKTOP"),
  PLAIN ("XDG_MENU_PREFIX"), PLAIN ("KDE_FULL_SESSION"), PLAIN ("KDE_SESSION_VERSION"),
  TOKEN ("XDG_ACTIVATION_TOKEN"), TOKEN ("DESKTOP_STARTUP_ID"),
  PLAIN ("GTK_IM_MODULE"), PLAIN ("QT_IM_MODULE"), PLAIN ("QT_IM_MODULES"), PLAIN ("XMODIFIERS"),
  PLAIN ("SDL_IM_MODULE"), PLAIN ("CLUTTER_IM_MODULE"), PLAIN ("GLFW_IM_MODULE"),
  PLAIN ("GTK_THEME"), PATHS ("GTK2_RC_FILES"), PLAIN ("GTK_CSD"), PLAIN ("GTK_OVERLAY_SCROLLING"),
  PLAIN ("GDK_SCALE"), PLAIN ("GDK_DPI_SCALE"), PLAIN ("GSK_RENDERER"), WINDOWS ("GDK_BACKEND"),
  PLAIN ("QT_QPA_PLATFORMTHEME"), PLAIN ("QT_STYLE_OVERRIDE"), PLAIN ("QT_QUICK_CONTROLS_STYLE"),
  PLAIN ("QT_SCALE_FACTOR"), PLAIN ("QT_SCREEN_SCALE_FACTORS"), PLAIN ("QT_AUTO_SCREEN_SCALE_FACTOR"),
  PLAIN ("QT_ENABLE_HIGHDPI_SCALING"), PLAIN ("QT_SCALE_FACTOR_ROUNDING_POLICY"), PLAIN ("QT_FONT_DPI"),
  PLAIN ("QT_WAYLAND_DECORATION"), PLAIN ("QT_WAYLAND_DISABLE_WINDOWDECORATION"), WINDOWS ("QT_QPA_PLATFORM"),
  PLAIN ("XCURSOR_THEME"), PLAIN ("XCURSOR_SIZE"), PATHS ("XCURSOR_PATH"),
  WINDOWS ("SDL_VIDEODRIVER"), WINDOWS ("SDL_VIDEO_DRIVER"), WINDOWS ("CLUTTER_BACKEND"),
  WINDOWS ("ELECTRON_OZONE_PLATFORM_HINT"), WINDOWS ("WINIT_UNIX_BACKEND"),
  PLAIN ("ELM_SCALE"), PLAIN ("MOZ_ENABLE_WAYLAND"), PLAIN ("MOZ_USE_XINPUT2"), PLAIN ("AVALONIA_GLOBAL_SCALE_FACTOR"),
  PLAIN ("_JAVA_AWT_WM_NONREPARENTING"), PLAIN ("LIBGL_ALWAYS_SOFTWARE"),
};

/* Names and addresses; certificates are files, which have to be there. */
static const SbxVariable with_network[] = {
  PLAIN ("http_proxy"), PLAIN ("https_proxy"), PLAIN ("ftp_proxy"), PLAIN ("rsync_proxy"), PLAIN ("all_proxy"),
  PLAIN ("no_proxy"), PLAIN ("socks_proxy"), PLAIN ("auto_proxy"),
  PLAIN ("HTTP_PROXY"), PLAIN ("HTTPS_PROXY"), PLAIN ("FTP_PROXY"), PLAIN ("RSYNC_PROXY"), PLAIN ("ALL_PROXY"),
  PLAIN ("NO_PROXY"), PLAIN ("SOCKS_PROXY"), PLAIN ("SOCKS_SERVER"), PLAIN ("SOCKS_VERSION"), PLAIN ("AUTO_PROXY"),
  PATHS ("SSL_CERT_FILE"), PATHS ("SSL_CERT_DIR"), PATHS ("NIX_SSL_CERT_FILE"), PATHS ("CURL_CA_BUNDLE"),
  PATHS ("REQUESTS_CA_BUNDLE"), PATHS ("NODE_EXTRA_CA_CERTS"), PATHS ("GIT_SSL_CAINFO"), PATHS ("GIT_SSL_CAPATH"),
  PATHS ("PIP_CERT"), PATHS ("AWS_CA_BUNDLE"), PATHS ("CARGO_HTTP_CAINFO"),
  PLAIN ("RES_OPTIONS"), PLAIN ("LOCALDOMAIN"),
};

/* Which card, and which driver of it. */
static const SbxVariable with_graphics[] = {
  PLAIN ("DRI_PRIME"), PLAIN ("__NV_PRIME_RENDER_OFFLOAD"), PLAIN ("__NV_PRIME_RENDER_OFFLOAD_PROVIDER"),
  PLAIN ("__GLX_VENDOR_LIBRARY_NAME"), PLAIN ("__VK_LAYER_NV_optimus"), PATHS ("__EGL_VENDOR_LIBRARY_FILENAMES"),
  PATHS ("__EGL_VENDOR_LIBRARY_DIRS"), PLAIN ("__GL_SYNC_TO_VBLANK"), PLAIN ("vblank_mode"), PLAIN ("GBM_BACKEND"),
  PLAIN ("LIBVA_DRIVER_NAME"), PATHS ("LIBVA_DRIVERS_PATH"), PLAIN ("VDPAU_DRIVER"), PATHS ("VDPAU_DRIVER_PATH"),
  PATHS ("VK_ICD_FILENAMES"), PATHS ("VK_DRIVER_FILES"), PATHS ("VK_LAYER_PATH"), PLAIN ("VK_LOADER_DRIVERS_SELECT"),
  PLAIN ("VK_LOADER_DRIVERS_DISABLE"), PLAIN ("MESA_LOADER_DRIVER_OVERRIDE"), PLAIN ("MESA_VK_DEVICE_SELECT"),
  PLAIN ("MESA_VK_DEVICE_SELECT_FORCE_DEFAULT_DEVICE"), PLAIN ("MESA_GL_VERSION_OVERRIDE"),
  PLAIN ("MESA_GLSL_VERSION_OVERRIDE"), PLAIN ("GALLIUM_DRIVER"), PATHS ("LIBGL_DRIVERS_PATH"), PLAIN ("AMD_VULKAN_ICD"),
  PLAIN ("RADV_PERFTEST"), PLAIN ("ANV_QUEUE_THREAD_DISABLE"), PLAIN ("CUDA_VISIBLE_DEVICES"),
  PLAIN ("NVIDIA_VISIBLE_DEVICES"), PLAIN ("HIP_VISIBLE_DEVICES"), PLAIN ("ROCR_VISIBLE_DEVICES"),
  PLAIN ("HSA_OVERRIDE_GFX_VERSION"), PATHS ("OCL_ICD_VENDORS"),
};

static const SbxVariable with_sound[] = {
  PLAIN ("PULSE_SINK"), PLAIN ("PULSE_SOURCE"), PLAIN ("PULSE_LATENCY_MSEC"), PLAIN ("PIPEWIRE_LATENCY"),
  PLAIN ("PIPEWIRE_NODE"), PLAIN ("SDL_AUDIODRIVER"), PLAIN ("SDL_AUDIO_DRIVER"), PLAIN ("ALSOFT_DRIVERS"),
};

static const SbxVariable with_printer[] = { PLAIN ("PRINTER"), PLAIN ("LPDEST") };
/* clang-format on */

#define WINDOWS_WAYLAND SBX_SOCKET_WAYLAND
#define WINDOWS_X11 (SBX_SOCKET_X11 | SBX_SOCKET_FALLBACK_X11)

static void
add (GPtrArray *list, const SbxVariable *rows, gsize n)
{
  for (gsize i = 0; i < n; i++)
    g_ptr_array_add (list, (gpointer) &rows[i]);
}

GPtrArray *
sbx_variables_list (const SbxPolicy *policy)
{
  GPtrArray *list = g_ptr_array_new ();
  const guint sockets = sbx_policy_get_sockets (policy), devices = sbx_policy_get_devices (policy);
  const struct {
    gboolean has;
    const SbxVariable *rows;
    gsize n;
  } tables[] = {
    { TRUE, always, G_N_ELEMENTS (always) },
    { (sockets & (WINDOWS_WAYLAND | WINDOWS_X11)) != 0, with_windows, G_N_ELEMENTS (with_windows) },
    { sbx_policy_has_network (policy), with_network, G_N_ELEMENTS (with_network) },
    { (devices & SBX_DEVICE_DRI) != 0, with_graphics, G_N_ELEMENTS (with_graphics) },
    { (sockets & (SBX_SOCKET_PULSEAUDIO | SBX_SOCKET_PIPEWIRE)) != 0, with_sound, G_N_ELEMENTS (with_sound) },
    { (sockets & SBX_SOCKET_CUPS) != 0, with_printer, G_N_ELEMENTS (with_printer) },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (tables); i++)
    if (tables[i].has)
      add (list, tables[i].rows, tables[i].n);
  return list;
}

gboolean
sbx_path_is_inside (const SbxPolicy *policy, const char *path)
{
  static const char *const system[] = { "/usr", "/etc", "/opt", "/bin", "/sbin", "/lib", "/lib32", "/lib64" };
  g_autofree char *plain = path[0] == '/' ? g_canonicalize_filename (path, "/") : NULL;

  for (gsize i = 0; plain && i < G_N_ELEMENTS (system); i++)
    if (sbx_path_is_below (plain, system[i]))
      return TRUE;
  return plain && sbx_policy_get_access (policy, plain) != SBX_ACCESS_NONE;
}

/* Those of the paths in @value that are inside, or NULL. */
static char *
filter_paths (const SbxPolicy *policy, const char *value)
{
  g_auto (GStrv) paths = g_strsplit (value, ":", -1);
  g_autoptr (GPtrArray) inside = g_ptr_array_new ();

  for (char **path = paths; *path; path++)
    if (sbx_path_is_inside (policy, *path))
      g_ptr_array_add (inside, *path);
  if (inside->len == 0)
    return NULL;
  g_ptr_array_add (inside, NULL);
  return g_strjoinv (":", (char **) inside->pdata);
}

/* Whether one of the window systems in @value, "wayland;xcb" or "x11,*", is one of the policy's, or none that we know.
 */
static gboolean
has_window_system (const SbxPolicy *policy, const char *value)
{
  static const struct {
    const char *prefix;
    guint sockets;
  } systems[] = { { "wayland", WINDOWS_WAYLAND }, { "x11", WINDOWS_X11 }, { "xcb", WINDOWS_X11 } };
  g_auto (GStrv) words = g_strsplit_set (value, ",;:", -1);

  for (char **word = words; *word; word++) {
    guint sockets = G_MAXUINT;

    for (gsize i = 0; i < G_N_ELEMENTS (systems); i++)
      if (g_str_has_prefix (*word, systems[i].prefix))
        sockets = systems[i].sockets;
    if (sbx_policy_get_sockets (policy) & sockets)
      return TRUE;
  }
  return FALSE;
}

char *
sbx_variable_filter (const SbxVariable *variable, const SbxPolicy *policy, const char *value)
{
  switch (variable->kind) {
  case SBX_VARIABLE_PLAIN:
  case SBX_VARIABLE_TOKEN:
    return g_strdup (value);
  case SBX_VARIABLE_PATHS:
    return filter_paths (policy, value);
  case SBX_VARIABLE_WINDOWS:
    return has_window_system (policy, value) ? g_strdup (value) : NULL;
  }
  return NULL;
}
