# shellcheck shell=bash
# Makes guest images for VMs: kernel, initrd, read-only root file system, empty overlay, manifest. Nothing is mounted,
# and root is not needed. The same inputs give the same bytes; a folder is named after them.

readonly image_epoch=1700000000  # every time in an image: it is no input
images() { printf '%s\n' "${XDG_CACHE_HOME:-${HOME:-/tmp}/.cache}/aerie/images"; }

# image_section PROFILE SECTION: the lines of a section of config/images/PROFILE.txt.
image_section() {
  awk -v wanted="$2" '
    /^\[/ { inside = substr($0, 2, length($0) - 2) == wanted; next }
    inside && NF && !/^#/ { print $1 }' "config/images/$1.txt"
}

# image_list PROFILE SECTION: the same, after those of the image that it is like.
image_list() {
  local like
  like=$(image_section "$1" like)
  [ -z "$like" ] || image_list "$like" "$2"
  image_section "$1" "$2"
}

# image_inputs PROFILE: the program files that go into the image, as built.
image_inputs() { image_list "$1" programs | sed 's,^.*/,build/,'; }

digest_of() { sha256sum "$@" | sha256sum | cut -c1-64; }

# image_base PROFILE: the path of the packages' files as an archive, and beside it their names and versions. Made anew
# when the list changed, or with --fresh: then with the newest packages.
image_base() {
  local profile=$1 folder key packages hook
  key=$( (image_list "$profile" packages; declare -f image_base) | sha256sum)
  folder=$(images)/base/${key:0:16}
  if [ ! -f "$folder/root.tar" ]; then
    say "unpacking the packages of the image"
    rm -rf "$folder.new"
    mkdir -p "$folder.new"
    packages=$(image_list "$profile" packages | paste -sd,)
    hook="ls \"\$1\"/var/cache/apt/archives | sed -n s/_[^_]*\\\\.deb\$//p >'$folder.new/packages'"
    SOURCE_DATE_EPOCH=$image_epoch mmdebstrap --quiet --variant=extract --architectures=amd64 \
      --aptopt='APT::Install-Recommends "false"' --hook-dir=/usr/share/mmdebstrap/hooks/merged-usr \
      --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/man/*' \
      --dpkgopt='path-exclude=/usr/share/locale/*' --extract-hook="$hook" \
      --include="$packages" bookworm "$folder.new/root.tar" >&2 ||
      die "mmdebstrap could not unpack the packages." "The lines above say why; it needs Debian's package archive."
    rm -rf "$folder"
    mv "$folder.new" "$folder"
  fi
  printf '%s\n' "$folder"
}

# image_kernel PROFILE: the folder of the newest kernel package of the profile's kind, unpacked.
image_kernel() {
  local kind package version folder
  kind=$(image_list "$1" kernel)
  package=$(apt-cache depends "$kind" | awk '$1 == "Depends:" && $2 ~ /^linux-image-/ { print $2; exit }')
  [ -n "$package" ] || die "apt knows no kernel for $kind." "Run 'apt-get update'."
  version=$(apt-cache policy "$package" | awk '$1 == "Candidate:" { print $2 }')
  folder=$(images)/kernel/$version
  if [ ! -d "$folder" ]; then
    say "fetching $package $version"
    rm -rf "$folder.new"
    mkdir -p "$folder.new"
    (cd "$folder.new" && apt-get download -qq "$package=$version" 2>/dev/null && dpkg-deb -x ./*.deb . && rm ./*.deb) ||
      die "The kernel $package $version could not be fetched." "Run 'apt-get update' and try again."
    depmod -b "$folder.new" "$(ls "$folder.new/lib/modules")"
    mv "$folder.new" "$folder"
  fi
  printf '%s\n' "$folder"
}

# image_initrd PROFILE KERNEL TARGET: aerie-init and the modules, in the order in which they load.
image_initrd() {
  local profile=$1 kernel=$2 target=$3 work version module path
  work=$(mktemp -d)
  version=$(ls "$kernel/lib/modules")
  mkdir -p "$work/lib" "$work/dev" "$work/proc" "$work/sys"
  strip -o "$work/init" build/aerie-init
  while IFS= read -r module; do
    modprobe --show-depends -d "$kernel" -S "$version" "$module" | awk '$1 == "insmod" { print $2 }'
  done < <(image_list "$profile" modules) | awk '!seen[$0]++' >"$work/paths"
  while IFS= read -r path; do
    cp "$path" "$work/lib/"
    printf '/lib/%s\n' "${path##*/}"
  done <"$work/paths" >"$work/modules"
  rm "$work/paths"
  chmod 755 "$work"
  find "$work" -exec touch -h -d "@$image_epoch" {} +
  # Not packed: the guest would unpack it slower than the host reads it.
  (cd "$work" && find . | LC_ALL=C sort | cpio --quiet --reproducible -R 0:0 -o -H newc) >"$target"
  rm -rf "$work"
}

# drop_unneeded_libraries TREE OPENED: those that no program, plug-in or other library of the tree needs, and that are
# not among those opened at run time (names with a blank around each).
drop_unneeded_libraries() {
  local libraries=$1/usr/lib/x86_64-linux-gnu
  find "$1" -type f \( -perm /111 -o -name '*.so*' \) -print0 | LC_ALL=C sort -z | xargs -0 readelf -d 2>/dev/null |
    awk -v libraries="$libraries/" -v opened="$2" '
      /^File: / {
        file = $2
        base = substr(file, length(libraries) + 1)
        inside = index(file, libraries) == 1 && base !~ /\//
        if (inside && index(opened, " " base " ")) { kept[file] = 1; queue[++last] = file }
        next
      }
      /\(SONAME\)/ { gsub(/[][]/, "", $NF); if (inside) { name[file] = $NF } }
      /\(NEEDED\)/ { gsub(/[][]/, "", $NF); needs[file] = needs[file] " " $NF; if (!inside) queue[++last] = file }
      inside && !(file in listed) { listed[file] = 1 }
      END {
        for (file in name) by_name[name[file]] = file
        while (first < last) {
          count = split(needs[queue[++first]], wanted, " ")
          for (i = 1; i <= count; i++) {
            file = by_name[wanted[i]]
            if (file != "" && !(file in kept)) { kept[file] = 1; queue[++last] = file }
          }
        }
        # Opened by name at run time: the C library asks for these by itself.
        for (file in listed) if (!(file in kept) && file !~ /\/(libnss_|libresolv|ld-linux)/ && (file in name)) print file
      }' | while IFS= read -r file; do rm -f "$file"; done
  find "$libraries" -maxdepth 1 -xtype l -delete
}

# image_tree PROFILE BASE TREE: the files of the root file system.
image_tree() {
  local profile=$1 base=$2 tree=$3 path plugin kept=()
  mkdir -p "$tree"
  tar -C "$tree" --exclude='./dev/*' -xf "$base/root.tar"
  while IFS= read -r path; do
    # shellcheck disable=SC2086  # a pattern
    rm -rf "${tree:?}"/$path
  done < <(image_list "$profile" drop)
  while IFS= read -r plugin; do kept+=(! -name "libgst$plugin.so"); done < <(image_list "$profile" plugins)
  find "$tree"/usr/lib/*/gstreamer-1.0 -type f "${kept[@]}" -delete
  mkdir -p "$tree"/usr/lib/aerie "$tree"/{dev,proc,sys,run,tmp,root,var/tmp,var/log,var/cache} "$tree/home/user"
  while IFS= read -r path; do
    [ -f "build/${path##*/}" ] || die "build/${path##*/} is not there." "Build it (./run build)."
    strip -o "$tree/$path" "build/${path##*/}"
  done < <(image_list "$profile" programs)
  drop_unneeded_libraries "$tree" " $(image_list "$profile" opened | paste -sd' ') "
  printf 'root:x:0:0:root:/root:/usr/sbin/nologin\nuser:x:1000:1000::/home/user:/bin/sh\n' >"$tree/etc/passwd"
  printf 'root:x:0:\nuser:x:1000:\n' >"$tree/etc/group"
  printf 'guest\n' >"$tree/etc/hostname"
  printf '127.0.0.1 localhost guest\n' >"$tree/etc/hosts"
  : >"$tree/etc/resolv.conf"
  : >"$tree/etc/machine-id"
  chmod -R a+rX,u+w "$tree"
  find "$tree" -exec touch -h -d "@$image_epoch" {} +
  check_tree "$profile" "$tree"
  rm -rf "$tree/checked"
}

# check_tree PROFILE TREE: whether its programs can start in it, and the streamer finds its elements; the latter leaves
# GStreamer's registry behind, for a guest would take seconds to make it.
check_tree() {
  local tree=$2 program missing work
  while IFS= read -r program; do
    build/aerie inspect "/$program" --root "$tree" >/dev/null ||
      die "/$program can't start in the image." "Add what is missing to config/images, or drop less there."
  done < <(image_list "$1" programs; printf 'usr/bin/%s\n' Xvfb xkbcomp xterm pulseaudio)
  work=$(mktemp -d)
  missing=$(bwrap --unshare-user --unshare-pid --unshare-net --uid 0 --gid 0 --ro-bind "$tree" / --dev /dev \
    --proc /proc --tmpfs /tmp --bind "$work" /run --clearenv --setenv HOME /tmp \
    --setenv GST_REGISTRY /run/gst-registry.bin /usr/lib/aerie/aerie-stream --check | tr -d ' \n' |
    grep -o '{"element":"[^"]*","found":false' || true)
  [ -z "$missing" ] || die "Media elements are missing in the image: $missing." "Keep their plug-ins in config/images."
  [ -f "$work/gst-registry.bin" ] || die "The streamer could not be asked for its elements in the image." \
    "Run bwrap with --ro-bind $tree / and aerie-stream --check by hand."
  cp "$work/gst-registry.bin" "$tree/usr/lib/aerie/gst-registry.bin"
  chmod 644 "$tree/usr/lib/aerie/gst-registry.bin"
  touch -d "@$image_epoch" "$tree/usr/lib/aerie/gst-registry.bin" "$tree/usr/lib/aerie"
  rm -rf "$work"
}

# image_overlay TARGET: an empty file system for what a guest writes; sparse, so it takes what is in it.
image_overlay() {
  E2FSPROGS_FAKE_TIME=$image_epoch mke2fs -q -t ext4 -m 0 -O ^has_journal,^resize_inode \
    -U 6a1c5e2e-6f3b-4f3e-9d0a-000000000001 -E hash_seed=6a1c5e2e-6f3b-4f3e-9d0a-000000000002,lazy_itable_init=1,root_owner=0:0 \
    "$1" "${2:-1024M}" >/dev/null
}

json_list() { awk 'BEGIN { printf "[" } { printf "%s\"%s\"", (NR > 1 ? "," : ""), $0 } END { printf "]" }'; }

# image_manifest PROFILE FOLDER BASE KERNEL
image_manifest() {
  local profile=$1 folder=$2 base=$3 kernel=$4 name
  {
    printf '{"profile":"%s","memoryMiB":%s,"kernel":"%s",\n' "$profile" "$(image_list "$profile" memory-mib)" \
      "$(ls "$kernel/lib/modules")"
    printf ' "files":{'
    for name in vmlinux initrd.img root.squashfs overlay.ext4; do
      printf '%s"%s":{"bytes":%s,"sha256":"%s"}' "$([ "$name" = vmlinux ] || echo ,)" "$name" \
        "$(stat -c %s "$folder/$name")" "$(sha256sum <"$folder/$name" | cut -c1-64)"
    done
    printf '},\n "modules":%s,\n' "$(image_list "$profile" modules | json_list)"
    printf ' "packages":%s}\n' "$(json_list <"$base/packages")"
  } >"$folder/manifest.json"
}

# make_image PROFILE: prints the image's folder.
make_image() {
  local profile=$1 base kernel work key folder
  [ -f "config/images/$profile.txt" ] || die "There is no image for the profile '$profile'." "See config/images."
  base=$(image_base "$profile")
  kernel=$(image_kernel "$profile")
  # shellcheck disable=SC2046  # names without blanks
  key=$(digest_of "$base/root.tar" "$kernel"/boot/vmlinuz-* config/images/*.txt scripts/image.sh build/aerie-init \
    $(image_inputs "$profile"))
  if [ -f "$(images)/inputs/$key" ]; then
    folder=$(images)/$(<"$(images)/inputs/$key")
    if [ -f "$folder/manifest.json" ]; then
      printf '%s\n' "$folder"
      return
    fi
  fi
  say "making the image for $profile"
  mkdir -p "$(images)/inputs"
  work=$(mktemp -d "$(images)/new.XXXXXX")
  image_tree "$profile" "$base" "$work/tree"
  SOURCE_DATE_EPOCH=$image_epoch mksquashfs "$work/tree" "$work/root.squashfs" -quiet -no-progress -all-root -comp lz4 \
    -noappend -no-xattrs -reproducible >&2
  rm -rf "$work/tree"
  build/aerie kernel extract "$kernel"/boot/vmlinuz-* "$work/vmlinux"
  image_initrd "$profile" "$kernel" "$work/initrd.img"
  image_overlay "$work/overlay.ext4"
  image_manifest "$profile" "$work" "$base" "$kernel"
  chmod 755 "$work"
  chmod 644 "$work"/*  # the guests' users read them
  folder=$(images)/$(sha256sum <"$work/manifest.json" | cut -c1-32)
  if [ -d "$folder" ]; then rm -rf "$work"; else mv "$work" "$folder"; fi
  basename "$folder" >"$(images)/inputs/$key"
  printf '%s\n' "$folder"
}

# promote_image PROFILE FOLDER: lets it be used, once it has booted to a decoded frame.
promote_image() {
  local profile=$1 folder=$2 current
  current=$(images)/current/$profile
  [ "$(readlink -f "$current")" != "$(readlink -f "$folder")" ] || return 0
  say "booting it once"
  ninja -C build aerie-boot-test >/dev/null
  build/tests/aerie-boot-test "$folder" "$profile" ||
    die "The image did not boot to a frame, so it is not used." "The lines above say why."
  mkdir -p "$(images)/current"
  ln -sfn "../$(basename "$folder")" "$current.new"
  mv -T "$current.new" "$current"
}

# save_image PROFILE: a machine to go on from, beside the image that it fits.
save_image() {
  local driver drivers=(qemu)
  if command -v firecracker >/dev/null && [ -w /dev/kvm ]; then drivers+=(firecracker); fi
  for driver in "${drivers[@]}"; do
    say "saving a machine of $driver that is ready"
    build/aerie image save "$1" --driver "$driver" ||
      die "The machine could not be saved; guests of the image boot." "The lines above say why."
  done
}

# image [PROFILE] [--fresh]: makes what is not there yet, boots it, and lets it be used if a frame came out of it.
image() {
  local profile=terminal folder
  while [ $# -gt 0 ]; do
    case $1 in
      --fresh) rm -rf "$(images)/base" "$(images)/kernel" ;;
      *) profile=$1 ;;
    esac
    shift
  done
  folder=$(make_image "$profile")
  say "$folder: $(du -sh "$folder" | cut -f1) on disk"
  promote_image "$profile" "$folder"
  save_image "$profile"
}
