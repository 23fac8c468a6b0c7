/* A stand-in for NVIDIA's libnvidia-ml.so.1, for tests on machines without a GPU.
 *
 * Build:  cc -shared -fPIC -o libnvidia-ml.so.1 fake_nvml.c        (-DOLD_DRIVER leaves newer functions out)
 * Use:    LD_LIBRARY_PATH=<folder of the .so> FAKE_NVML_CONF=<file> python ...
 *         Without FAKE_NVML_CONF the file is gpus.conf beside the library, also for processes with a clean environment.
 *
 * The file is read again on every call, so a test can change it while programs run. Its lines:
 *
 *   driver 550.54.15
 *   init_error 9                        nvmlInit fails with this error
 *   gpu mem=40960 used=0 name=NVIDIA_A100 uuid=GPU-... util=0 mode=0 mig=0 lost=0 watts=0
 *                                       the next GPU; MiB and percent; '_' in a name is a space
 *   mig gpu=0 mem=9856 uuid=MIG-...     the next slice of a GPU
 *   proc gpu=0 pid=4242 mem=1000        a process that computes on a GPU; with slice=1 on the second slice of all;
 *                                       with live=1 only while there is such a process
 *   link a=0 b=1 level=10               how far two GPUs are from each other (else 50)
 *   xid gpu=0 code=79                   an error of a GPU, told to all who watch when the line appears
 *   fail fn=nvmlDeviceGetName gpu=1 err=3    a function fails, for one GPU or (without gpu=) for all
 *
 * Structures and error numbers are those of nvml.h. Functions of the real library that a program asks for and
 * that are not here are what they are in an old driver: not found.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { SUCCESS = 0, UNINITIALIZED = 1, INVALID_ARGUMENT = 2, NOT_SUPPORTED = 3, NOT_FOUND = 6,
       INSUFFICIENT_SIZE = 7, TIMEOUT = 10, GPU_IS_LOST = 15 };
enum { MOST = 64, TEXT = 96, WHOLE_GPU = -1 };
#define MIB (1024ULL * 1024ULL)
#define NO_INSTANCE 0xffffffffu

typedef unsigned long long u64;
typedef struct { int gpu, slice; } Device;                 /* what a handle points to */
typedef struct { char name[TEXT], uuid[TEXT]; u64 mem, used; unsigned util, mode, mig, lost, watts; } Gpu;
typedef struct { char uuid[TEXT]; u64 mem; int gpu; } Slice;
typedef struct { int gpu, slice; unsigned pid; u64 mem; } Process;
typedef struct { int a, b, level; } Link;
typedef struct { int gpu; u64 code; } Xid;
typedef struct { char function[TEXT]; int gpu, error; } Failure;

static struct {
    int gpus, slices, processes, failures, links, xids, init_error;
    char driver[TEXT];
    Gpu gpu[MOST];
    Slice slice[MOST];
    Process process[MOST];
    Failure failure[MOST];
    Link link[MOST];
    Xid xid[MOST];
} conf;
static Device gpu_handle[MOST], slice_handle[MOST];
static int sessions;

/* ---- the configuration ---- */

static int text(const char *line, const char *key, char *value) {
    char wanted[TEXT];
    snprintf(wanted, sizeof wanted, " %s=", key);
    const char *at = strstr(line, wanted);
    return at && sscanf(at + strlen(wanted), "%95[^ \n]", value) == 1;
}

static u64 number(const char *line, const char *key, u64 otherwise) {
    char value[TEXT];
    return text(line, key, value) ? strtoull(value, NULL, 10) : otherwise;
}

static void read_gpu(const char *line) {
    int i = conf.gpus++;
    Gpu *gpu = &conf.gpu[i];
    gpu_handle[i] = (Device){i, WHOLE_GPU};
    if (!text(line, "name", gpu->name)) strcpy(gpu->name, "NVIDIA Fake GPU");
    for (char *c = gpu->name; *c; c++) if (*c == '_') *c = ' ';
    if (!text(line, "uuid", gpu->uuid)) snprintf(gpu->uuid, TEXT, "GPU-fa4e%04x-0000-4000-8000-%012x", i, i);
    gpu->mem = number(line, "mem", 40960);
    gpu->used = number(line, "used", 0);
    gpu->util = number(line, "util", 0);
    gpu->mode = number(line, "mode", 0);
    gpu->mig = number(line, "mig", 0);
    gpu->lost = number(line, "lost", 0);
    gpu->watts = number(line, "watts", 0);
}

static void read_slice(const char *line) {
    int i = conf.slices++;
    Slice *slice = &conf.slice[i];
    if (!text(line, "uuid", slice->uuid)) snprintf(slice->uuid, TEXT, "MIG-fa4e%04x-0000-5000-8000-%012x", i, i);
    slice->gpu = number(line, "gpu", 0);
    slice->mem = number(line, "mem", 9856);
    slice_handle[i] = (Device){slice->gpu, i};
}

static void read_process(const char *line) {
    unsigned pid = number(line, "pid", 1);
    if (number(line, "live", 0) && kill((int)pid, 0) && errno == ESRCH) return;
    conf.process[conf.processes++] =
        (Process){number(line, "gpu", 0), number(line, "slice", WHOLE_GPU), pid, number(line, "mem", 0)};
}

static void read_link(const char *line) {
    conf.link[conf.links++] = (Link){number(line, "a", 0), number(line, "b", 0), number(line, "level", 50)};
}

static void read_xid(const char *line) { conf.xid[conf.xids++] = (Xid){number(line, "gpu", 0), number(line, "code", 0)}; }

static void read_failure(const char *line) {
    Failure *failure = &conf.failure[conf.failures++];
    text(line, "fn", failure->function);
    failure->gpu = number(line, "gpu", WHOLE_GPU);
    failure->error = number(line, "err", NOT_SUPPORTED);
}

static int begins(const char *line, const char *word) {
    size_t length = strlen(word);
    return !strncmp(line, word, length) && (line[length] == ' ' || line[length] == '\n');
}

static const char *conf_path(void) {
    static char beside[4096];
    Dl_info us;
    if (getenv("FAKE_NVML_CONF")) return getenv("FAKE_NVML_CONF");
    if (!dladdr((void *)begins, &us) || !us.dli_fname) return NULL;
    snprintf(beside, sizeof beside, "%s", us.dli_fname);
    char *name = strrchr(beside, '/');
    if (!name || name - beside > (long)(sizeof beside - 16)) return NULL;
    strcpy(name, "/gpus.conf");
    return beside;
}

static void read_conf(void) {
    const char *path = conf_path();
    FILE *file = path ? fopen(path, "r") : NULL;
    char line[1024];
    memset(&conf, 0, sizeof conf);
    strcpy(conf.driver, "550.54.15");
    while (file && fgets(line, sizeof line, file)) {
        sscanf(line, "driver %95s", conf.driver);
        sscanf(line, "init_error %d", &conf.init_error);
        if (begins(line, "gpu") && conf.gpus < MOST) read_gpu(line);
        if (begins(line, "mig") && conf.slices < MOST) read_slice(line);
        if (begins(line, "proc") && conf.processes < MOST) read_process(line);
        if (begins(line, "link") && conf.links < MOST) read_link(line);
        if (begins(line, "xid") && conf.xids < MOST) read_xid(line);
        if (begins(line, "fail") && conf.failures < MOST) read_failure(line);
    }
    if (file) fclose(file);
}

/* ---- what every function does first ---- */

static int begin(const char *function, const Device *device) {
    read_conf();
    if (!sessions) return UNINITIALIZED;
    for (int i = 0; i < conf.failures; i++) {
        const Failure *f = &conf.failure[i];
        if (!strcmp(f->function, function) && (f->gpu == WHOLE_GPU || (device && f->gpu == device->gpu)))
            return f->error;
    }
    return device && conf.gpu[device->gpu].lost ? GPU_IS_LOST : SUCCESS;
}

#define BEGIN(device) do { int error_ = begin(__func__, device); if (error_) return error_; } while (0)

static int answer(char *out, unsigned size, const char *value) {
    if (strlen(value) >= size) return INSUFFICIENT_SIZE;
    strcpy(out, value);
    return SUCCESS;
}

static u64 total(const Device *d) { return d->slice < 0 ? conf.gpu[d->gpu].mem : conf.slice[d->slice].mem; }

static int runs_on(const Process *p, const Device *d) {
    return p->gpu == d->gpu && (d->slice < 0 || p->slice == d->slice);
}

static u64 used(const Device *d) {
    u64 sum = d->slice < 0 ? conf.gpu[d->gpu].used : 0;
    for (int i = 0; i < conf.processes; i++)
        if (runs_on(&conf.process[i], d)) sum += conf.process[i].mem;
    return sum < total(d) ? sum : total(d);
}

/* ---- the library ---- */

int nvmlInitWithFlags(unsigned flags) {
    (void)flags;
    read_conf();
    if (!conf.init_error) sessions++;
    return conf.init_error;
}

int nvmlInit_v2(void) { return nvmlInitWithFlags(0); }

int nvmlShutdown(void) {
    if (!sessions) return UNINITIALIZED;
    sessions--;
    const char *path = getenv("FAKE_NVML_SHUTDOWN");       /* a file that proves to a test that this was called */
    FILE *file = path ? fopen(path, "w") : NULL;
    if (file) fclose(file);
    return SUCCESS;
}

const char *nvmlErrorString(int error) {
    switch (error) {
        case GPU_IS_LOST: return "GPU is lost";
        case NOT_SUPPORTED: return "Not Supported";
        case 999: return "Unknown Error";
        default: return "An error of the fake";
    }
}

int nvmlSystemGetDriverVersion(char *out, unsigned size) { BEGIN(NULL); return answer(out, size, conf.driver); }
int nvmlDeviceGetCount_v2(unsigned *count) { BEGIN(NULL); *count = conf.gpus; return SUCCESS; }

int nvmlDeviceGetHandleByIndex_v2(unsigned index, Device **out) {
    BEGIN(NULL);
    if ((int)index >= conf.gpus) return INVALID_ARGUMENT;
    *out = &gpu_handle[index];
    return conf.gpu[index].lost ? GPU_IS_LOST : SUCCESS;
}

int nvmlDeviceGetHandleByUUID(const char *uuid, Device **out) {
    BEGIN(NULL);
    *out = NULL;
    for (int i = 0; i < conf.gpus; i++) if (!strcmp(conf.gpu[i].uuid, uuid)) *out = &gpu_handle[i];
    for (int i = 0; i < conf.slices; i++) if (!strcmp(conf.slice[i].uuid, uuid)) *out = &slice_handle[i];
    if (!*out) return NOT_FOUND;
    return conf.gpu[(*out)->gpu].lost ? GPU_IS_LOST : SUCCESS;
}

int nvmlDeviceGetIndex(Device *d, unsigned *index) { BEGIN(d); *index = d->gpu; return SUCCESS; }
int nvmlDeviceGetName(Device *d, char *out, unsigned size) { BEGIN(d); return answer(out, size, conf.gpu[d->gpu].name); }

int nvmlDeviceGetUUID(Device *d, char *out, unsigned size) {
    BEGIN(d);
    return answer(out, size, d->slice < 0 ? conf.gpu[d->gpu].uuid : conf.slice[d->slice].uuid);
}

int nvmlDeviceGetMemoryInfo(Device *d, u64 *total_free_used) {
    BEGIN(d);
    total_free_used[0] = total(d) * MIB;
    total_free_used[1] = (total(d) - used(d)) * MIB;
    total_free_used[2] = used(d) * MIB;
    return SUCCESS;
}

int nvmlDeviceGetComputeMode(Device *d, unsigned *mode) { BEGIN(d); *mode = conf.gpu[d->gpu].mode; return SUCCESS; }

typedef struct { unsigned pid; u64 used; unsigned gpu_instance, compute_instance; } ProcessInfo;

int nvmlDeviceGetComputeRunningProcesses_v3(Device *d, unsigned *count, ProcessInfo *out) {
    BEGIN(d);
    unsigned room = *count, found = 0;
    for (int i = 0; i < conf.processes; i++) {
        const Process *p = &conf.process[i];
        if (!runs_on(p, d)) continue;
        if (out && found < room) out[found] = (ProcessInfo){p->pid, p->mem * MIB, NO_INSTANCE, NO_INSTANCE};
        found++;
    }
    *count = found;
    return found > room ? INSUFFICIENT_SIZE : SUCCESS;
}

int nvmlDeviceGetGraphicsRunningProcesses_v3(Device *d, unsigned *count, ProcessInfo *out) {
    (void)out;
    BEGIN(d);
    *count = 0;
    return SUCCESS;
}

#ifndef OLD_DRIVER
int nvmlDeviceGetUtilizationRates(Device *d, unsigned *gpu_memory) {
    BEGIN(d);
    if (conf.gpu[d->gpu].mig) return NOT_SUPPORTED;
    gpu_memory[0] = gpu_memory[1] = conf.gpu[d->gpu].util;
    return SUCCESS;
}

int nvmlDeviceGetTotalEnergyConsumption(Device *d, u64 *millijoules) {
    BEGIN(d);
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    *millijoules = conf.gpu[d->gpu].watts * (1000ULL * (u64)now.tv_sec + (u64)now.tv_nsec / 1000000);
    return SUCCESS;
}

int nvmlDeviceGetTopologyCommonAncestor(Device *a, Device *b, int *level) {
    BEGIN(a);
    *level = 50;
    for (int i = 0; i < conf.links; i++) {
        const Link *l = &conf.link[i];
        if ((l->a == a->gpu && l->b == b->gpu) || (l->a == b->gpu && l->b == a->gpu)) *level = l->level;
    }
    return SUCCESS;
}

typedef struct { int told; u64 watched; } EventSet;        /* told: lines that were there before */
typedef struct { Device *device; u64 type, data; unsigned gpu_instance, compute_instance; } Event;

int nvmlEventSetCreate(EventSet **set) {
    BEGIN(NULL);
    *set = calloc(1, sizeof **set);
    (*set)->told = conf.xids;
    return SUCCESS;
}

int nvmlDeviceRegisterEvents(Device *d, u64 types, EventSet *set) {
    BEGIN(d);
    if (!(types & 8)) return NOT_SUPPORTED;
    set->watched |= 1ULL << d->gpu;
    return SUCCESS;
}

int nvmlEventSetWait_v2(EventSet *set, Event *event, unsigned milliseconds) {
    (void)milliseconds;
    BEGIN(NULL);
    while (set->told < conf.xids) {
        const Xid *xid = &conf.xid[set->told++];
        if (!(set->watched & (1ULL << xid->gpu))) continue;
        *event = (Event){&gpu_handle[xid->gpu], 8, xid->code, NO_INSTANCE, NO_INSTANCE};
        return SUCCESS;
    }
    return TIMEOUT;
}

int nvmlEventSetFree(EventSet *set) { BEGIN(NULL); free(set); return SUCCESS; }

int nvmlDeviceGetMigMode(Device *d, unsigned *now, unsigned *pending) {
    BEGIN(d);
    *now = *pending = conf.gpu[d->gpu].mig;
    return SUCCESS;
}

int nvmlDeviceGetMaxMigDeviceCount(Device *d, unsigned *count) { BEGIN(d); *count = 7; return SUCCESS; }

int nvmlDeviceGetMigDeviceHandleByIndex(Device *d, unsigned index, Device **out) {
    BEGIN(d);
    unsigned number = 1;                                   /* slice 0 is a hole, as on real machines */
    for (int i = 0; i < conf.slices; i++) {
        if (conf.slice[i].gpu != d->gpu || number++ != index) continue;
        *out = &slice_handle[i];
        return SUCCESS;
    }
    return NOT_FOUND;
}
#endif
