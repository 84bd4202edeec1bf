#!/bin/sh
# Install the Debian packages named, if any is missing and this user may; never fails.
missing=""
for package in "$@"; do
  dpkg -s "$package" >/dev/null 2>&1 || missing="$missing $package"
done
[ -z "$missing" ] && exit 0
if ! command -v apt-get >/dev/null 2>&1; then
  echo "no apt-get here:$missing stay out, the tests that need them are skipped"
  exit 0
fi
run=""
[ "$(id -u)" = 0 ] || run="sudo -n"
export DEBIAN_FRONTEND=noninteractive
echo "installing$missing"
# The servers must not start by themselves: the tests start their own.
policy=/usr/sbin/policy-rc.d
[ -e $policy ] || $run sh -c "printf '#!/bin/sh\nexit 101\n' > $policy && chmod +x $policy && touch $policy.aurora" 2>/dev/null
{ $run apt-get update -qq && $run apt-get install -y -qq --no-install-recommends $missing; } >/tmp/aurora-packages.log 2>&1 ||
  echo "could not install$missing (see /tmp/aurora-packages.log): the tests that need them are skipped"
[ -e $policy.aurora ] && $run rm -f $policy $policy.aurora
exit 0
