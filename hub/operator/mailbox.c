#include "operator/mailbox.h"

#include <errno.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

enum rh_err hub_mailbox_init(struct hub_mailbox *mailbox)
{
    *mailbox = (struct hub_mailbox){ .fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK) };
    if (mailbox->fd < 0)
        return RH_ERR_IO;
    pthread_condattr_t attributes;
    rh_assert(pthread_condattr_init(&attributes) == 0);
    rh_assert(pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC) == 0);
    rh_assert(pthread_cond_init(&mailbox->changed, &attributes) == 0);
    rh_assert(pthread_mutex_init(&mailbox->lock, NULL) == 0);
    (void)pthread_condattr_destroy(&attributes);
    return RH_OK;
}

void hub_mailbox_fini(struct hub_mailbox *mailbox)
{
    rh_assert(mailbox->posted == NULL);
    rh_assert(mailbox->executed == NULL);
    (void)pthread_cond_destroy(&mailbox->changed);
    (void)pthread_mutex_destroy(&mailbox->lock);
    close(mailbox->fd);
    mailbox->fd = -1;
}

static void append(struct hub_mail **list, struct hub_mail *mail)
{
    while (*list != NULL)
        list = &(*list)->next;
    mail->next = NULL;
    *list = mail;
}

static void take_out(struct hub_mail **list, const struct hub_mail *mail)
{
    while (*list != mail) {
        rh_assert(*list != NULL);
        list = &(*list)->next;
    }
    *list = mail->next;
}

/* Under the lock: everything in the list is answered. */
static void answer_all(struct hub_mail **list, enum rh_err err)
{
    for (struct hub_mail *mail = *list; mail != NULL;) {
        struct hub_mail *next = mail->next; /* the asker may wake up and reuse it */
        if (err != RH_OK)
            mail->err = err;
        mail->state = HUB_MAIL_DONE;
        mail = next;
    }
    *list = NULL;
}

static struct timespec instant_in(uint32_t wait_ms)
{
    struct timespec at;
    rh_assert(clock_gettime(CLOCK_MONOTONIC, &at) == 0);
    at.tv_sec += wait_ms / 1000;
    at.tv_nsec += (long)(wait_ms % 1000) * 1000000L;
    if (at.tv_nsec >= 1000000000L) {
        at.tv_nsec -= 1000000000L;
        at.tv_sec++;
    }
    return at;
}

static void ring(struct hub_mailbox *mailbox)
{
    uint64_t one = 1;
    ssize_t written = write(mailbox->fd, &one, sizeof one);
    rh_assert(written == (ssize_t)sizeof one || errno == EAGAIN);
}

enum rh_err hub_mailbox_ask(struct hub_mailbox *mailbox, struct hub_mail *mail,
                            uint32_t wait_ms)
{
    rh_assert(mail->run != NULL);
    struct timespec until = instant_in(wait_ms);
    enum rh_err err = RH_OK;
    mail->state = HUB_MAIL_POSTED;
    mail->err = RH_OK;
    pthread_mutex_lock(&mailbox->lock);
    if (mailbox->closed) {
        pthread_mutex_unlock(&mailbox->lock);
        return RH_ERR_CLOSED;
    }
    append(&mailbox->posted, mail);
    ring(mailbox);
    while (mail->state != HUB_MAIL_DONE) {
        /* Once taken it runs, and what ran is waited for: "timed out" must mean that nothing
         * happened. The engine either releases it or closes. */
        if (mail->state == HUB_MAIL_TAKEN) {
            pthread_cond_wait(&mailbox->changed, &mailbox->lock);
        } else if (pthread_cond_timedwait(&mailbox->changed, &mailbox->lock, &until) ==
                       ETIMEDOUT &&
                   mail->state == HUB_MAIL_POSTED) {
            take_out(&mailbox->posted, mail);
            err = RH_ERR_TIMEOUT;
            break;
        }
    }
    pthread_mutex_unlock(&mailbox->lock);
    return err != RH_OK ? err : mail->err;
}

/* Everything posted so far, marked as taken. */
static struct hub_mail *take_all(struct hub_mailbox *mailbox)
{
    uint64_t rung;
    ssize_t got = read(mailbox->fd, &rung, sizeof rung);
    rh_assert(got == (ssize_t)sizeof rung || errno == EAGAIN);
    pthread_mutex_lock(&mailbox->lock);
    struct hub_mail *list = mailbox->posted;
    mailbox->posted = NULL;
    for (struct hub_mail *mail = list; mail != NULL; mail = mail->next)
        mail->state = HUB_MAIL_TAKEN;
    pthread_mutex_unlock(&mailbox->lock);
    return list;
}

enum rh_err hub_mailbox_turn(struct hub_mailbox *mailbox, struct hub_engine *engine,
                             struct hub_gateway *gateway)
{
    enum rh_err final = RH_OK;
    for (struct hub_mail *mail = take_all(mailbox), *next; mail != NULL; mail = next) {
        next = mail->next;
        /* After a final error nothing more may touch the engine. */
        mail->err = final == RH_OK ? mail->run(mail->context, engine, gateway) : RH_ERR_CLOSED;
        if (final == RH_OK)
            final = mail->err;
        pthread_mutex_lock(&mailbox->lock);
        if (mail->durable && mail->err == RH_OK)
            append(&mailbox->executed, mail);
        else
            mail->state = HUB_MAIL_DONE;
        pthread_cond_broadcast(&mailbox->changed);
        pthread_mutex_unlock(&mailbox->lock);
    }
    return final;
}

void hub_mailbox_release(struct hub_mailbox *mailbox)
{
    pthread_mutex_lock(&mailbox->lock);
    if (mailbox->executed != NULL) {
        answer_all(&mailbox->executed, RH_OK);
        pthread_cond_broadcast(&mailbox->changed);
    }
    pthread_mutex_unlock(&mailbox->lock);
}

void hub_mailbox_close(struct hub_mailbox *mailbox)
{
    pthread_mutex_lock(&mailbox->lock);
    mailbox->closed = true;
    answer_all(&mailbox->posted, RH_ERR_CLOSED);
    answer_all(&mailbox->executed, RH_ERR_CLOSED);
    pthread_cond_broadcast(&mailbox->changed);
    pthread_mutex_unlock(&mailbox->lock);
}
