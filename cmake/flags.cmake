# One interface target carries every warning and hardening flag; no global flags.
# rh_flags   strict C11, no POSIX: what hub/core and protocol's pure parts may use
# rh_posix   rh_flags plus POSIX 2008 for folders that do input and output
add_library(rh_flags INTERFACE)
target_compile_options(rh_flags INTERFACE
    -Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes
    -Wvla -Wswitch-enum -Wpointer-arith -Wcast-qual -Wundef
    -fno-common -fstack-protector-strong
    $<$<BOOL:${RH_WERROR}>:-Werror>)
target_link_options(rh_flags INTERFACE -Wl,-z,relro,-z,now)

if(RH_SANITIZE)
    target_compile_options(rh_flags INTERFACE
        -fsanitize=${RH_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
    target_link_options(rh_flags INTERFACE -fsanitize=${RH_SANITIZE})
else()
    # Needs optimisation, and gets in the sanitizers' way.
    target_compile_options(rh_flags INTERFACE $<$<NOT:$<CONFIG:Debug>>:-D_FORTIFY_SOURCE=2>)
endif()

add_library(rh_posix INTERFACE)
target_link_libraries(rh_posix INTERFACE rh_flags)
target_compile_definitions(rh_posix INTERFACE _POSIX_C_SOURCE=200809L)
