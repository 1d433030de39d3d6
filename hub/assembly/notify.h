/* Telling the service manager: the datagrams of sd_notify(3), without its library. */
#ifndef HUB_NOTIFY_H
#define HUB_NOTIFY_H

/* Send "READY=1", "STATUS=...", "WATCHDOG=1" or "STOPPING=1". Does nothing when nobody asked
 * (NOTIFY_SOCKET is not set); a failure to send is nobody's trouble. */
void hub_notify(const char *state);

#endif
