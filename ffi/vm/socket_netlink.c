/*
 * AF_NETLINK, as far as getifaddrs and its like ask: which interfaces are there? The loopback one. A request is
 * answered at once, into the socket's own queue. And what if_nametoindex asks by ioctl.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_addr.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "internal.h"
#include "socket_queue.h"

#define LOOPBACK_INDEX 1
#define LOOPBACK_MTU 65536u
#define ANSWER_BYTES 512u

/* One message that grows. What is put into it is known to fit. */
struct answer {
    uint8_t bytes[ANSWER_BYTES];
    uint32_t size;
};

static void put(struct answer *answer, const void *bytes, uint32_t size) {
    memcpy(answer->bytes + answer->size, bytes, size);
    answer->size += NLMSG_ALIGN(size);
}

static void put_attribute(struct answer *answer, uint16_t type, const void *value, uint32_t size) {
    struct rtattr head = {.rta_len = (uint16_t)RTA_LENGTH(size), .rta_type = type};
    put(answer, &head, sizeof head);
    put(answer, value, size);
}

static struct answer begin(const struct nlmsghdr *request, uint16_t type) {
    struct nlmsghdr head = {
        .nlmsg_type = type, .nlmsg_flags = NLM_F_MULTI, .nlmsg_seq = request->nlmsg_seq, .nlmsg_pid = PROCESS_ID};
    struct answer answer = {0};
    put(&answer, &head, sizeof head);
    return answer;
}

static int64_t finish(struct vm *vm, struct socket *socket, struct answer *answer) {
    const struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
    struct socket_name from = {.size = sizeof kernel};
    memcpy(from.bytes, &kernel, sizeof kernel);
    memcpy(answer->bytes, &answer->size, sizeof answer->size);
    int status = socket_queue__put_bytes(vm, socket, &from, answer->bytes, answer->size);
    if (status != 0) return status;
    socket->arrived++;
    kernel__changed(vm);
    return 0;
}

static int64_t tell_link(struct vm *vm, struct socket *socket, const struct nlmsghdr *request) {
    struct answer answer = begin(request, RTM_NEWLINK);
    struct ifinfomsg link = {.ifi_type = ARPHRD_LOOPBACK,
                             .ifi_index = LOOPBACK_INDEX,
                             .ifi_flags = IFF_UP | IFF_LOOPBACK | IFF_RUNNING};
    const uint8_t hardware[6] = {0};
    const uint32_t mtu = LOOPBACK_MTU;
    put(&answer, &link, sizeof link);
    put_attribute(&answer, IFLA_IFNAME, "lo", 3);
    put_attribute(&answer, IFLA_MTU, &mtu, sizeof mtu);
    put_attribute(&answer, IFLA_ADDRESS, hardware, sizeof hardware);
    return finish(vm, socket, &answer);
}

static int64_t tell_address(struct vm *vm, struct socket *socket, const struct nlmsghdr *request, int family) {
    struct answer answer = begin(request, RTM_NEWADDR);
    const uint32_t v4 = htonl(INADDR_LOOPBACK);
    const void *bytes = family == AF_INET ? (const void *)&v4 : (const void *)&in6addr_loopback;
    const uint32_t size = family == AF_INET ? sizeof v4 : sizeof in6addr_loopback;
    struct ifaddrmsg address = {.ifa_family = (uint8_t)family,
                                .ifa_prefixlen = family == AF_INET ? 8 : 128,
                                .ifa_flags = IFA_F_PERMANENT,
                                .ifa_scope = RT_SCOPE_HOST,
                                .ifa_index = LOOPBACK_INDEX};
    put(&answer, &address, sizeof address);
    put_attribute(&answer, IFA_ADDRESS, bytes, size);
    if (family == AF_INET) put_attribute(&answer, IFA_LOCAL, bytes, size);
    if (family == AF_INET) put_attribute(&answer, IFA_LABEL, "lo", 3);
    return finish(vm, socket, &answer);
}

static int64_t tell_end(struct vm *vm, struct socket *socket, const struct nlmsghdr *request) {
    struct answer answer = begin(request, NLMSG_DONE);
    const int32_t status = 0;
    put(&answer, &status, sizeof status);
    return finish(vm, socket, &answer);
}

struct socket_name socket_netlink__name(void) {
    const struct sockaddr_nl address = {.nl_family = AF_NETLINK, .nl_pid = PROCESS_ID};
    struct socket_name name = {.size = sizeof address};
    memcpy(name.bytes, &address, sizeof address);
    return name;
}

int64_t socket_netlink__send(struct vm *vm, struct file *file, const struct socket_message *message) {
    struct socket *socket = socket__of(vm, file);
    struct nlmsghdr request;
    uint64_t size = socket_parts__size(message);
    if (message->count == 0 || message->parts[0].size < sizeof request) return -EINVAL;
    if (access__read(vm, &request, message->parts[0].address, sizeof request) != 0) return -EFAULT;
    if (request.nlmsg_type != RTM_GETLINK && request.nlmsg_type != RTM_GETADDR) return -EOPNOTSUPP;
    if (queue__room(&socket->input) < 4 * (ANSWER_BYTES + SOCKET_MESSAGE_HEAD + SOCKET_NAME_MAX)) return -ENOBUFS;
    int64_t status = request.nlmsg_type == RTM_GETLINK ? tell_link(vm, socket, &request)
                                                       : tell_address(vm, socket, &request, AF_INET);
    if (status == 0 && request.nlmsg_type == RTM_GETADDR) status = tell_address(vm, socket, &request, AF_INET6);
    if (status == 0) status = tell_end(vm, socket, &request);
    return status != 0 ? status : (int64_t)size;
}

int64_t socket_netlink__control(struct vm *vm, uint64_t request, uint64_t argument) {
    struct ifreq asked;
    if (request != SIOCGIFINDEX && request != SIOCGIFNAME) return -ENOTTY;
    if (access__read(vm, &asked, argument, sizeof asked) != 0) return -EFAULT;
    asked.ifr_name[IFNAMSIZ - 1] = 0;
    int is_there = request == SIOCGIFINDEX ? strcmp(asked.ifr_name, "lo") == 0 : asked.ifr_ifindex == LOOPBACK_INDEX;
    if (!is_there) return request == SIOCGIFINDEX ? -ENODEV : -ENXIO;
    if (request == SIOCGIFINDEX) asked.ifr_ifindex = LOOPBACK_INDEX;
    else memcpy(asked.ifr_name, "lo", 3);
    return access__write(vm, argument, &asked, sizeof asked);
}
