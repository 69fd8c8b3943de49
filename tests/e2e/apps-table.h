/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Applications of Debian that are installed, wrapped and clicked: one row each, of which scripts/applications makes
 * docs/applications.md. "" where there is no such thing. */
#pragma once

struct App {
  const char *name;
  const char *package;  /* of Debian */
  const char *launcher; /* of the package, in /usr/share/applications */
  const char *profile;  /* that `desktop install` takes */
  const char *empty;    /* in the title or the class of its window without a file: then it is started like that first */
  const char *document; /* of tests/e2e/documents */
  const char *window;   /* in the title or the class of its window with that; or without, if it has none */
  const char *second;   /* the same with another document, second.EXT, while it runs */
  const char *types;    /* what is typed into the document, … */
  const char *saves;    /* … and the keys that save it */
  const char *quits;    /* keys that end it; else it is stopped */
};

static const App apps[] = {
  /* Each with a profile of its own */
  { "Firefox", "firefox-esr", "firefox-esr.desktop", "firefox", "", "page.html", "A page.*Mozilla Firefox",
    "Another page.*Mozilla Firefox", "", "", "" },
  { "Chromium", "chromium", "chromium.desktop", "chromium", "", "page.html", "A page.*Chromium",
    "Another page.*Chromium", "", "", "" },
  { "Thunderbird", "thunderbird", "thunderbird.desktop", "thunderbird", "", "", "Thunderbird", "", "", "", "" },
  { "LibreOffice", "libreoffice-writer", "libreoffice-writer.desktop", "libreoffice", "", "text.rtf",
    "text.rtf.*LibreOffice", "second.rtf.*LibreOffice", "", "", "" },
  { "Evince", "evince", "org.gnome.Evince.desktop", "evince", "", "document.pdf", "document.pdf", "second.pdf", "", "",
    "" },
  { "Mpv", "mpv", "mpv.desktop", "mpv", "", "picture.png", "picture.png - mpv", "second.png - mpv", "", "", "q" },
  { "Gimp", "gimp", "gimp.desktop", "gimp", "", "picture.png", "picture.*GIMP", "", "", "", "" },
  { "Terminal", "xterm", "debian-xterm.desktop", "terminal", "", "", "xterm", "", "", "", "" },
  { "Transmission", "transmission-gtk", "transmission-gtk.desktop", "transmission", "", "", "Transmission", "", "", "",
    "" },

  /* Those that any terminal has, and any application with a network */
  { "XfceTerminal", "xfce4-terminal", "xfce4-terminal.desktop", "terminal", "", "", "Terminal", "", "", "", "" },
  { "LXTerminal", "lxterminal", "lxterminal.desktop", "terminal", "", "", "LXTerminal", "", "", "", "" },
  { "HexChat", "hexchat", "io.github.Hexchat.desktop", "online", "", "", "HexChat", "", "", "", "" },

  /* The profile of any application of a desktop */
  { "Mousepad", "mousepad", "org.xfce.mousepad.desktop", "desktop", "Untitled.*Mousepad", "note.txt", "note.txt", "",
    "new ", "ctrl+s", "ctrl+q" },
  { "Geany", "geany", "geany.desktop", "desktop", "Geany", "note.txt", "note.txt.*Geany", "second.txt.*Geany", "new ",
    "ctrl+s", "ctrl+q" },
  { "Kate", "kate", "org.kde.kate.desktop", "desktop", "", "note.txt", "note.txt", "second.txt", "new ", "ctrl+s",
    "ctrl+q" },
  { "GVim", "vim-gtk3", "gvim.desktop", "desktop", "", "note.txt", "note.txt.*VIM", "second.txt.*VIM", "inew ",
    "Escape colon w Return", "Escape colon q Return" },
  /* Its second start sends the name over the bus and leaves: xdg-dbus-proxy 0.1.4 loses some of such last words, with
   * no sandbox around it one of 60 */
  { "EyeOfGnome", "eog", "org.gnome.eog.desktop", "desktop", "", "picture.png", "picture.png", "", "", "", "ctrl+q" },
  { "Feh", "feh", "feh.desktop", "desktop", "", "picture.png", "picture.png", "second.png", "", "", "q" },
  { "MuPDF", "mupdf", "mupdf.desktop", "desktop", "", "document.pdf", "document.pdf", "second.pdf", "", "", "q" },
  { "Xournal", "xournalpp", "com.github.xournalpp.xournalpp.desktop", "desktop", "", "document.pdf",
    "document.pdf|Xournal", "", "", "", "ctrl+q" },
  { "Galculator", "galculator", "galculator.desktop", "desktop", "", "", "galculator", "", "", "", "ctrl+q" },
  { "Audacious", "audacious", "audacious.desktop", "desktop", "", "", "Audacious", "", "", "", "ctrl+q" },
  { "KeePassXC", "keepassxc", "org.keepassxc.KeePassXC.desktop", "desktop", "", "", "KeePassXC", "", "", "", "ctrl+q" },
  { "Thunar", "thunar", "thunar.desktop", "desktop", "", "", "Thunar", "", "", "", "ctrl+q" },
  { "PCManFM", "pcmanfm", "pcmanfm.desktop", "desktop", "", "", "pcmanfm", "", "", "", "ctrl+w" },
  { "SQLiteBrowser", "sqlitebrowser", "sqlitebrowser.desktop", "desktop", "", "", "DB Browser", "", "", "", "ctrl+q" },
};
