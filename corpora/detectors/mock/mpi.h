// Mock of MPI for the detector corpus: the standard's signatures of what the cases call.
#pragma once

extern "C" {

typedef struct mpi_mock_comm* MPI_Comm;
typedef struct mpi_mock_datatype* MPI_Datatype;
typedef struct mpi_mock_op* MPI_Op;
typedef struct mpi_mock_request* MPI_Request;
typedef struct mpi_mock_errhandler* MPI_Errhandler;
typedef struct {
  int MPI_SOURCE;
  int MPI_TAG;
  int MPI_ERROR;
} MPI_Status;

#define MPI_SUCCESS 0
#define MPI_COMM_WORLD ((MPI_Comm)0x1)
#define MPI_COMM_NULL ((MPI_Comm)0)
#define MPI_BYTE ((MPI_Datatype)0x1)
#define MPI_CHAR ((MPI_Datatype)0x2)
#define MPI_INT ((MPI_Datatype)0x3)
#define MPI_FLOAT ((MPI_Datatype)0x4)
#define MPI_DOUBLE ((MPI_Datatype)0x5)
#define MPI_UINT64_T ((MPI_Datatype)0x6)
#define MPI_SUM ((MPI_Op)0x1)
#define MPI_MAX ((MPI_Op)0x2)
#define MPI_MIN ((MPI_Op)0x3)
#define MPI_ERRORS_ARE_FATAL ((MPI_Errhandler)0x1)
#define MPI_ERRORS_RETURN ((MPI_Errhandler)0x2)
#define MPI_STATUS_IGNORE ((MPI_Status*)0)
#define MPI_STATUSES_IGNORE ((MPI_Status*)0)
#define MPI_IN_PLACE ((void*)-1)
#define MPI_UNDEFINED (-32766)

int MPI_Init(int* argc, char*** argv);
int MPI_Finalize(void);
int MPI_Abort(MPI_Comm comm, int errorcode);
int MPI_Comm_rank(MPI_Comm comm, int* rank);
int MPI_Comm_size(MPI_Comm comm, int* size);
int MPI_Comm_split(MPI_Comm comm, int color, int key, MPI_Comm* newcomm);
int MPI_Comm_free(MPI_Comm* comm);
int MPI_Comm_set_errhandler(MPI_Comm comm, MPI_Errhandler errhandler);
int MPI_Barrier(MPI_Comm comm);
int MPI_Bcast(void* buffer, int count, MPI_Datatype datatype, int root, MPI_Comm comm);
int MPI_Reduce(const void* sendbuf, void* recvbuf, int count, MPI_Datatype datatype, MPI_Op op, int root, MPI_Comm comm);
int MPI_Allreduce(const void* sendbuf, void* recvbuf, int count, MPI_Datatype datatype, MPI_Op op, MPI_Comm comm);
int MPI_Allgather(const void* sendbuf, int sendcount, MPI_Datatype sendtype, void* recvbuf, int recvcount, MPI_Datatype recvtype, MPI_Comm comm);
int MPI_Scatter(const void* sendbuf, int sendcount, MPI_Datatype sendtype, void* recvbuf, int recvcount, MPI_Datatype recvtype, int root, MPI_Comm comm);
int MPI_Send(const void* buf, int count, MPI_Datatype datatype, int dest, int tag, MPI_Comm comm);
int MPI_Recv(void* buf, int count, MPI_Datatype datatype, int source, int tag, MPI_Comm comm, MPI_Status* status);
int MPI_Isend(const void* buf, int count, MPI_Datatype datatype, int dest, int tag, MPI_Comm comm, MPI_Request* request);
int MPI_Irecv(void* buf, int count, MPI_Datatype datatype, int source, int tag, MPI_Comm comm, MPI_Request* request);
int MPI_Wait(MPI_Request* request, MPI_Status* status);
int MPI_Waitall(int count, MPI_Request array_of_requests[], MPI_Status* array_of_statuses);

}  // extern "C"
