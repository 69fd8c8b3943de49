# SPDX-License-Identifier: LGPL-2.1-or-later
# bash completion for sandboxctl(1)

_sandboxctl_value ()
{
  case $1 in
    --profile | -p | --on-crash) sandboxctl complete profiles 2>/dev/null ;;
    --sort) sandboxctl complete values=sort 2>/dev/null ;;
    --signal | -s) compgen -A signal | sed -n 's/^SIG//p' ;;
    --*) sandboxctl complete "values=${1#--}" 2>/dev/null ;;
  esac
}

_sandboxctl ()
{
  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} verb=${COMP_WORDS[1]} i words=''
  COMPREPLY=()

  if ((COMP_CWORD == 1)); then
    mapfile -t COMPREPLY < <(compgen -W "$(sandboxctl complete verbs 2>/dev/null) --help --version" -- "$cur")
    return
  fi
  # After the command's first word, or after "--", it is the command's own completion
  for ((i = 2; i < COMP_CWORD; i++)); do
    case $verb:${COMP_WORDS[i]} in
      run:-- | learn:-- | exec:-- | attach:-- | procfs:-- | explain:--)
        _command_offset $((i + 1)) 2>/dev/null || mapfile -t COMPREPLY < <(compgen -c -- "$cur")
        return
        ;;
    esac
  done
  # "=", ":" and "@" are words of their own to bash
  case $prev$cur in
    :* | [!:@]*:)
      [ "$cur" = ":" ] && cur=''
      mapfile -t COMPREPLY < <(compgen -W "ro rw create ro@" -- "$cur")
      compopt -o nospace 2>/dev/null
      return
      ;;
    @* | [!:@]*@)
      [ "$cur" = "@" ] && cur=''
      mapfile -t COMPREPLY < <(compgen -f -- "$cur")
      return
      ;;
  esac
  if [ "$cur" = "=" ]; then
    cur=''
  elif [ "$prev" = "=" ]; then
    prev=${COMP_WORDS[COMP_CWORD - 2]}
  fi
  case $verb:$prev in
    top:-s) prev=--sort ;;
  esac
  case $prev in
    --filesystem | --nofilesystem | --cwd)
      mapfile -t COMPREPLY < <(compgen -f -- "$cur")
      return
      ;;
    -p | -s | --*)
      words=$(_sandboxctl_value "$prev")
      if [ -n "$words" ]; then
        mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
        return
      fi
      ;;
  esac
  case $cur in
    -*) words=$(sandboxctl complete "options=$verb" 2>/dev/null) ;;
    *)
      case $verb in
        run | learn) mapfile -t COMPREPLY < <(compgen -c -- "$cur"); return ;;
        explain | override | verify) words=$(sandboxctl complete profiles 2>/dev/null) ;;
        show | stop | kill | wait | exec | attach | procfs | logs | why | grant | restrict) words=$(sandboxctl complete instances 2>/dev/null) ;;
        desktop)
          case $prev in
            desktop) words="install remove list" ;;
            install)
              mapfile -t COMPREPLY < <(compgen -f -X '!*.desktop' -- "$cur"
                cd /usr/share/applications 2>/dev/null && compgen -f -X '!*.desktop' -- "$cur")
              return
              ;;
            remove) words=$(cd "${XDG_STATE_HOME:-$HOME/.local/state}/sandbox/desktop" 2>/dev/null && compgen -G '*.record' | sed 's/\.record$//') ;;
          esac
          ;;
        data)
          case $COMP_CWORD in
            2) words="list remove export" ;;
            *) words=$(sandboxctl complete data 2>/dev/null) ;;
          esac
          ;;
        crashes)
          case $COMP_CWORD in
            2) words="list show remove" ;;
            *) words=$(sandboxctl complete crashes 2>/dev/null) ;;
          esac
          ;;
        profile) words="list show check diff score $(sandboxctl complete profiles 2>/dev/null)" ;;
      esac
      ;;
  esac
  mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
  if [[ ${COMPREPLY[0]-} == *= ]]; then
    compopt -o nospace 2>/dev/null
  fi
}

complete -F _sandboxctl sandboxctl
