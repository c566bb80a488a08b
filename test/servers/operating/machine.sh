#!/bin/bash
# A throw-away Debian: this machine's own files under layers in memory, a network of loopback alone, processes that all end with it.
# Called in new mount, network and process namespaces: machine.sh <project> <script>. Runs the script as root of that machine.
set -e
project=$1 script=$2
ip link set lo up
layers=$(dirname "$script")/layers
mkdir "$layers"
mount -t tmpfs layers "$layers"
mkdir "$layers/project"
mount --bind "$project" "$layers/project"
cp "$script" "$layers/script.sh"
for folder in etc var opt usr root; do
  mkdir "$layers/$folder" "$layers/$folder.work"
  mount -t overlay layer -o "lowerdir=/$folder,upperdir=$layers/$folder,workdir=$layers/$folder.work" "/$folder"
done
mount -t tmpfs run /run
mkdir -p /opt/jackfield
mount --bind "$layers/project" /opt/jackfield

# systemd is not there to be started: this reads the unit and obeys User, EnvironmentFile and ExecStart, and keeps the output as the journal.
mkdir -p /run/units
cat > /usr/local/bin/systemctl <<'UNIT'
#!/bin/bash
verb=$1; shift
for name in "$@"; do
  [ "$name" = --now ] && continue
  file=/etc/systemd/system/$name.service; [ -e "$file" ] || file=/lib/systemd/system/$name.service
  field() { sed -n "s/^$1=-\{0,1\}//p" "$file"; }
  stop() {
    case $name in
      nginx) nginx -s quit 2>/dev/null ;;
      postgresql) pg_ctlcluster 15 main stop ;;
      *) [ -e "/run/units/$name" ] && kill -TERM "$(cat "/run/units/$name")" 2>/dev/null
         for i in $(seq 150); do [ -e "/run/units/$name" ] && kill -0 "$(cat "/run/units/$name")" 2>/dev/null || break; sleep 0.1; done
         rm -f "/run/units/$name" ;;
    esac
  }
  start() {
    case $name in
      nginx) nginx ;;
      postgresql) pg_ctlcluster 15 main start ;;
      *) ( set -a; for each in $(field EnvironmentFile); do . "$each"; done; set +a
           eval "exec setsid setpriv --reuid=$(field User) --regid=$(field User) --init-groups $(field ExecStart)" ) >> "/run/units/$name.log" 2>&1 < /dev/null &
         echo $! > "/run/units/$name" ;;
    esac
  }
  case $verb in
    daemon-reload) ;;
    start | enable) start ;;
    stop | disable) stop ;;
    restart) stop; start ;;
    reload) nginx -s reload ;;
    is-active) kill -0 "$(cat "/run/units/$name")" && echo active ;;
  esac
done
UNIT
chmod 755 /usr/local/bin/systemctl
printf '#!/bin/bash\nfor unit; do :; done\ncat "/run/units/$unit.log"\n' > /usr/local/bin/journalctl
chmod 755 /usr/local/bin/journalctl

# What Debian's packages make when they are installed.
rm -rf /etc/postgresql/15 /var/lib/postgresql/15 /etc/nginx/sites-enabled/default /var/lib/jackfield
install -d -o postgres -g postgres -m 2775 /run/postgresql
pg_createcluster --port 5432 15 main > /dev/null
pg_ctlcluster 15 main start
nginx

cd /root
export HOME=/root
code=0
bash "$layers/script.sh" || code=$?
exit "$code"
